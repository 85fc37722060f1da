package main

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"chatme/internal/cli"
	"chatme/internal/config"
	"chatme/internal/exit"
)

type initCmd struct {
	File string `arg:"" optional:"" default:"chatme.conf" help:"The file to write (default: chatme.conf). One that exists is refused."`
	DB   string `name:"db" placeholder:"FILE" help:"Where the database will be, so that no command needs to be told again."`
}

// Help is the text behind the flags.
func (initCmd) Help() string {
	return `Writes a settings file with a fresh random key for web and for mobile clients, with no other site allowed to connect,
and with every other setting in it, commented out. Only you may read it. Nothing that exists is overwritten.

Example: chatme init --db /var/lib/chatme/chatme.db /etc/chatme/chatme.conf`
}

// Run writes the file and says what comes next.
func (c *initCmd) Run(p *cli.Program) error {
	var text bytes.Buffer
	values := map[string]string{
		"WEB_API_KEY":     freshKey("web"),
		"MOBILE_API_KEY":  freshKey("mobile"),
		"ALLOWED_ORIGINS": "", // its default is for development
	}
	if strings.ContainsAny(c.DB, "'\n") {
		return exit.WithCode(exit.Config, errors.New("--db cannot have a quote or a line break in it: a settings file could not hold it"))
	}
	if c.DB != "" {
		values["CHATME_DB"] = "'" + c.DB + "'"
	}
	if err := config.WriteInitial(&text, values); err != nil {
		return err
	}
	if err := createSecret(c.File, text.Bytes()); err != nil {
		return err
	}
	_, err := fmt.Fprintf(p.Stdout, `%[1]s is written, with fresh keys in it. Next:

  1. Start the server:     chatme serve --config %[1]s
  2. See that it works:    chatme probe --config %[1]s http://localhost:8787
  3. Put it on the net:    a proxy that speaks TLS before it (deploy/Caddyfile, deploy/nginx.conf), or
                           CHATME_TLS_CERT and CHATME_TLS_KEY in that file; other sites whose pages may
                           connect go into ALLOWED_ORIGINS
  4. Build your clients:   the web client with WEB_API_KEY, the mobile client with MOBILE_API_KEY, as they
                           are in that file; the page at / has its key already

docs/operations.md has all of it.
`, c.File)
	return err
}

// freshKey is a key that nobody guesses, with whom it is for in front.
func freshKey(whose string) string { return whose + "-" + rand.Text() }

// createSecret writes a file that was not there before and that only its owner may read.
func createSecret(name string, content []byte) (err error) {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%s exists and stays as it is; name another file, or move that one away", name)
	case err != nil:
		return exit.WithCode(exit.NotWritable, err)
	}
	defer func() {
		if err = errors.Join(err, file.Close()); err != nil {
			err = exit.WithCode(exit.NotWritable, errors.Join(err, os.Remove(name)))
		}
	}()
	if _, err = file.Write(content); err != nil {
		return err
	}
	return file.Sync()
}
