package app

import (
	"log/slog"

	"chatme/internal/cli"
	"chatme/internal/config"
)

// readConfig reads the configuration from where it is, and says where each setting came from.
type readConfig func() (*config.Config, []config.Setting, error)

// configuration is what a server is started with.
type configuration struct {
	*config.Config
	found []config.Setting // where each setting came from
	read  readConfig       // the same again, later
	level *slog.LevelVar   // of the log, which follows log-level

	// hangupReloads says that SIGHUP means reload, and not that the terminal is gone.
	hangupReloads bool

	wrap Wrap
}

// Configure is load for a server, which can read it again: files anew, the flags and the environment as they were.
func Configure(p *cli.Program, s cli.Settings, defaults map[string]string) (*configuration, error) {
	c := &configuration{level: new(slog.LevelVar)}
	c.read = func() (*config.Config, []config.Setting, error) { return p.Load(s, defaults) }
	var err error
	c.Config, c.found, err = c.read()
	c.level.Set(logLevel(c.Config))
	return c, err
}
