//go:build unix

package main

import (
	"context"
	"fmt"
	"maps"
	"net"
	"slices"

	"chatme/internal/app"
	"chatme/internal/cli"
	"chatme/internal/config"
	"chatme/internal/stranger"
)

// The keys in the web and mobile clients' own development settings. They are published, not secret.
const (
	devWebAPIKey    = "chatme-web-dev-key-2024"
	devMobileAPIKey = "chatme-mobile-dev-key-2024"
)

// devDefaults are the defaults of dev, by flag, instead of the struct's.
func devDefaults() map[string]string {
	return map[string]string{
		"web-api-key":    devWebAPIKey,
		"mobile-api-key": devMobileAPIKey,
		"log-format":     "text",
	}
}

// strangerDefaults are additional defaults for a server with a built-in stranger. With the protocol's ten seconds, the
// only client would wait after every Next.
func strangerDefaults() map[string]string {
	return map[string]string{"rematch-after": "1s"}
}

type devCmd struct {
	cli.Settings

	Stranger bool `help:"Add a built-in partner that answers, so that one browser tab is enough to try it."`
}

// Help returns the text after the flags.
func (devCmd) Help() string {
	return `Runs like "chatme serve", with published keys and a readable log, and prints the address to open.

Example: chatme dev --stranger`
}

// Run serves as serve does, with other defaults and optionally a stranger.
func (c *devCmd) Run(p *cli.Program) error {
	defaults := devDefaults()
	if c.Stranger {
		maps.Copy(defaults, strangerDefaults())
	}
	cfg, err := app.Configure(p, c.Settings, defaults)
	if err != nil {
		return err
	}
	fmt.Fprintln(p.Stderr, `chatme: warning: "chatme dev" accepts published keys and is NOT FOR PRODUCTION; use "chatme serve" there`)

	ctx, cancel := context.WithCancel(p.Ctx)
	left := make(chan struct{}) // closed once the stranger has left; never, if there was none
	came := false
	defer func() {
		cancel()
		if came {
			<-left
		}
	}()
	return app.Serve(ctx, cfg, func(addr net.Addr) {
		if addr == nil {
			fmt.Fprintf(p.Stdout, "chatme is ready on %s, which a browser cannot open; for a page, name a port too: --addr :8787\n", cfg.Addr)
			return
		}
		url := app.PageURL(cfg.Config, addr)
		if !c.Stranger {
			fmt.Fprintf(p.Stdout, "chatme is ready: open %s in two browser tabs and chat\n", url)
			return
		}
		fmt.Fprintf(p.Stdout, "chatme is ready: open %s in a browser and chat with the built-in stranger\n", url)
		came = true
		go func() {
			defer close(left)
			s := stranger.Stranger{URL: dialURL(cfg.Config, addr), APIKey: slices.Concat(cfg.WebAPIKeys, cfg.MobileAPIKeys)[0]}
			s.Stay(ctx)
		}()
	}, p.Stderr)
}

// dialURL returns the URL of the server for a client in this process: an address, because a name may resolve to another
// one first.
func dialURL(cfg *config.Config, addr net.Addr) string {
	host, port, err := net.SplitHostPort(addr.String())
	if ip := net.ParseIP(host); err != nil || ip == nil || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	scheme := "ws"
	if cfg.TLSCert != "" {
		scheme = "wss"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}
