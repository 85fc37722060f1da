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
	Port uint16 `default:"0" help:"Loopback port to serve the page on; 0: any free port."`
}

// Help returns the text after the flags.
func (DashboardCmd) Help() string {
	return `Serves a page with charts of the server's last hour, its sessions and its queue, on a loopback port for as long as this
command runs. The address that it prints holds a random token, which gives read-only access.

Example: chatme dashboard --db /var/lib/chatme/chatme.db

From another machine: ssh -t -L 9000:127.0.0.1:9000 chat.example.org chatme dashboard --port 9000, then open the address that it prints.`
}

// Run serves the page until interrupted.
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
	fmt.Fprintf(p.Stdout, "Open http://127.0.0.1:%d/%s/\nPress Ctrl+C to stop. From another machine, first run: ssh -L %d:127.0.0.1:%d THIS-MACHINE\n",
		port, token, port, port)
	web := &http.Server{Handler: page, ReadHeaderTimeout: admin.HeaderTimeout, IdleTimeout: admin.IdleTimeout, MaxHeaderBytes: admin.MaxHeader}
	stop := context.AfterFunc(p.Ctx, func() { web.Close() })
	defer stop()
	if err := web.Serve(listener); p.Ctx.Err() == nil {
		return err
	}
	return nil
}

// reaches returns an error if there is no server to show.
func (c *DashboardCmd) reaches(ctx context.Context, server dashboard.Source) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	_, err := server.Status(ctx)
	return err
}
