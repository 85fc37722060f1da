package admin

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"
)

// dialTimeout is how long a server on the same machine may take to accept.
const dialTimeout = 2 * time.Second

// Client talks to the server that listens on an admin socket.
type Client struct {
	path string // of the socket
	http http.Client
}

// NewClient returns a client of the socket at path. It does not dial yet.
func NewClient(path string) *Client {
	c := &Client{path: path}
	c.http.Transport = &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			d := net.Dialer{Timeout: dialTimeout}
			return d.DialContext(ctx, "unix", path)
		},
	}
	return c
}

// Path returns the path of the socket.
func (c *Client) Path() string { return c.path }

// Do sends a request for path, which may have a query, and returns the response, whatever its status. If there is no
// server, the error says how to find it.
func (c *Client) Do(ctx context.Context, method, path string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://chatme"+path, nil)
	if err != nil {
		return nil, err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, c.explain(err)
	}
	return response, nil
}

// Get requests path and decodes the JSON response into answer.
func (c *Client) Get(ctx context.Context, path string, answer any) error {
	return c.exchange(ctx, http.MethodGet, path, answer)
}

// Post sends a POST request for path and decodes the JSON response into answer, unless answer is nil.
func (c *Client) Post(ctx context.Context, path string, answer any) error {
	return c.exchange(ctx, http.MethodPost, path, answer)
}

func (c *Client) exchange(ctx context.Context, method, path string, answer any) error {
	body, err := c.Stream(ctx, method, path)
	if err != nil {
		return err
	}
	defer body.Close()
	if answer == nil {
		return nil
	}
	if err := json.NewDecoder(body).Decode(answer); err != nil {
		return fmt.Errorf("cannot parse the answer of the server on %s to %s (is it another version?): %w",
			c.path, path, err)
	}
	return nil
}

// Stream returns the response body of path, which lasts as long as the server and ctx. A status other than 200 is an
// error with the server's text. The caller closes the body.
func (c *Client) Stream(ctx context.Context, method, path string) (io.ReadCloser, error) {
	response, err := c.Do(ctx, method, path)
	if err != nil {
		return nil, err
	}
	if response.StatusCode == http.StatusOK {
		return response.Body, nil
	}
	defer response.Body.Close()
	line, _ := bufio.NewReader(io.LimitReader(response.Body, 4<<10)).ReadString('\n')
	line = strings.TrimSpace(line)
	switch {
	case response.StatusCode == http.StatusNotFound && strings.HasPrefix(line, "404"):
		return nil, &UnknownPathError{Socket: c.path, Path: path}
	case line == "":
		return nil, fmt.Errorf("the server on %s answered %s", c.path, response.Status)
	}
	return nil, errors.New(line)
}

// UnknownPathError reports a request that the server's version does not know.
type UnknownPathError struct{ Socket, Path string }

func (e *UnknownPathError) Error() string {
	return fmt.Sprintf("the server on %s does not know %s; is it another version?", e.Socket, e.Path)
}

// findIt says how to find a server.
const findIt = "name its database with --db, its socket with --admin, or its settings with --config"

// dialError has its own text for the cause.
type dialError struct {
	text string
	err  error
}

func (e *dialError) Error() string { return e.text }
func (e *dialError) Unwrap() error { return e.err }

// explain adds to err how to find the server that could not be reached.
func (c *Client) explain(err error) error {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, fs.ErrNotExist):
		return &dialError{fmt.Sprintf("no server at %s: there is no such socket; is it running? %s", c.path, findIt), err}
	case errors.Is(err, fs.ErrPermission):
		return &dialError{fmt.Sprintf("no access to %s: run this as root or as a user in the server's group", c.path), err}
	case errors.Is(err, syscall.ECONNREFUSED):
		return &dialError{fmt.Sprintf("no server at %s: nothing answers there; start it, or %s", c.path, findIt), err}
	}
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	return fmt.Errorf("no answer from the server at %s: %w", c.path, err)
}
