package app

import (
	"log/slog"

	"chatme/internal/cli"
	"chatme/internal/config"
)

// readConfig reads the configuration and returns where each setting came from.
type readConfig func() (*config.Config, []config.Setting, error)

// configuration is the configuration that a server starts with.
type configuration struct {
	*config.Config
	found []config.Setting // where each setting came from
	read  readConfig       // reads it again later
	level *slog.LevelVar   // of the log; follows log-level

	// hangupReloads makes SIGHUP mean reload, not that the terminal is gone.
	hangupReloads bool

	wrap Wrap
}

// Configure is load for a server, which can reload: files are read again, flags and environment stay as they were.
func Configure(p *cli.Program, s cli.Settings, defaults map[string]string) (*configuration, error) {
	c := &configuration{level: new(slog.LevelVar)}
	c.read = func() (*config.Config, []config.Setting, error) { return p.Load(s, defaults) }
	var err error
	c.Config, c.found, err = c.read()
	c.level.Set(logLevel(c.Config))
	return c, err
}
