package operator

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"

	"chatme/internal/admin"
	"chatme/internal/cli"
	"chatme/internal/dashboard"
)

type DashboardCmd struct {
	cli.Place
	Port uint16 `default:"0" help:"Port on loopback to serve the page on; 0: any that is free."`
}

// Help returns the text after the flags.
func (DashboardCmd) Help() string {
	return `Serves a page with charts of the server's last hour, its sessions and its queue, on a port of loopback and for as
long as this command runs. The address it prints holds a random token: who has it can look, and change nothing.

Example: chatme dashboard --db /var/lib/chatme/chatme.db

From another machine: ssh -t -L 9000:127.0.0.1:9000 chat.example.org chatme dashboard --port 9000, and open the address that it prints there.`
}

// Run serves the page until it is interrupted.
func (c *DashboardCmd) Run(p *cli.Program) error {
	server, err := p.Admin(c.Place)
	if err != nil {
		return err
	}
	if err := c.reaches(p.Ctx, server); err != nil {
		return err
	}
	token := strings.ToLower(rand.Text())
	page, err := dashboard.New(server, token)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(int(c.Port))))
	if err != nil {
		return err
	}
	port := listener.Addr().(*net.TCPAddr).Port
	fmt.Fprintf(p.Stdout, "Open http://127.0.0.1:%d/%s/\nIt is served until you press Ctrl+C. From another machine, first: ssh -L %d:127.0.0.1:%d THIS-MACHINE\n",
		port, token, port, port)
	web := &http.Server{Handler: page, ReadHeaderTimeout: admin.HeaderTimeout, IdleTimeout: admin.IdleTimeout, MaxHeaderBytes: admin.MaxHeader}
	stop := context.AfterFunc(p.Ctx, func() { web.Close() })
	defer stop()
	if err := web.Serve(listener); p.Ctx.Err() == nil {
		return err
	}
	return nil
}

// reaches makes sure that there is a server to show.
func (c *DashboardCmd) reaches(ctx context.Context, server dashboard.Source) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	_, err := server.Status(ctx)
	return err
}
