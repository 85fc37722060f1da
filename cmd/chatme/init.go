//go:build unix

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
	File string `arg:"" optional:"" default:"chatme.conf" help:"The file to write (default: chatme.conf). It must not exist."`
	DB   string `name:"db" placeholder:"FILE" help:"Path of the database; written into the file so that no command needs --db."`
}

// Help returns the text after the flags.
func (initCmd) Help() string {
	return `Writes a settings file with fresh random keys for the web and the mobile client, and every other setting commented out.
No other site is allowed to connect. Only you may read the file. Nothing is overwritten.

Example: chatme init --db /var/lib/chatme/chatme.db /etc/chatme/chatme.conf`
}

// Run writes the file and prints the next steps.
func (c *initCmd) Run(p *cli.Program) error {
	var text bytes.Buffer
	values := map[string]string{
		"WEB_API_KEY":     freshKey("web"),
		"MOBILE_API_KEY":  freshKey("mobile"),
		"ALLOWED_ORIGINS": "", // its default is for development
	}
	if strings.ContainsAny(c.DB, "'\n") {
		return exit.WithCode(exit.Config, errors.New("--db must not contain a quote or a line break: a settings file cannot hold it"))
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
	_, err := fmt.Fprintf(p.Stdout, `Wrote %[1]s with fresh keys. Next:

  1. Start the server:     chatme serve --config %[1]s
  2. Check that it works:  chatme probe --config %[1]s http://localhost:8787
  3. Put it on the net:    a TLS proxy in front (deploy/Caddyfile, deploy/nginx.conf), or
                           CHATME_TLS_CERT and CHATME_TLS_KEY in this file; list other sites whose pages
                           may connect in ALLOWED_ORIGINS
  4. Build your clients:   the web client with WEB_API_KEY, the mobile client with MOBILE_API_KEY from
                           this file; the page at / already has its key

See docs/operations.md for details.
`, c.File)
	return err
}

// freshKey returns a random key, prefixed with the client that it is for.
func freshKey(whose string) string { return whose + "-" + rand.Text() }

// createSecret writes a new file that only its owner may read. It fails if the file exists.
func createSecret(name string, content []byte) (err error) {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%s already exists; name another file, or move this one away", name)
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
