package cli

import (
	"errors"

	"chatme/internal/admin"
	"chatme/internal/config"
	"chatme/internal/exit"
)

// Place are the flags of a command that talks to the running server, or looks at its database.
type Place struct {
	File  string `name:"config" placeholder:"FILE" help:"Read settings from this file (default: .dev.vars, then .env, where they exist)."`
	DB    string `name:"db" env:"CHATME_DB" default:"chatme.db" help:"The database of the server."`
	Admin string `name:"admin" env:"CHATME_ADMIN" help:"The admin socket of the server; empty: the database's name and .sock."`
}

// Locate returns the settings that say where the server is, and no others.
func (p *Program) Locate(at Place) (*config.Config, error) {
	cfg, err := config.LoadPlace(config.Sources{Flags: p.flags, Environ: p.Environ, File: at.File})
	return cfg, exit.WithCode(exit.Config, err)
}

// Admin returns a client of the server's admin socket; whether it runs shows as it is asked.
func (p *Program) Admin(at Place) (*admin.Client, error) {
	cfg, err := p.Locate(at)
	if err != nil {
		return nil, err
	}
	if cfg.AdminSocket() == "" {
		return nil, exit.WithCode(exit.Config, errors.New("CHATME_ADMIN is off: that server cannot be asked anything; name a socket, and start it again"))
	}
	return admin.NewClient(cfg.AdminSocket()), nil
}

// DatabaseFlags say which database a command is about. A command that has them needs no key.
type DatabaseFlags struct {
	File string `name:"config" placeholder:"FILE" help:"Read settings from this file (default: .dev.vars, then .env, where they exist)."`
	DB   string `name:"db" env:"CHATME_DB" default:"chatme.db" help:"The database."`
}

// Database is the path of the database in force.
func (p *Program) Database(f DatabaseFlags) (string, error) {
	cfg, err := config.LoadPlace(config.Sources{Flags: p.flags, Environ: p.Environ, File: f.File})
	if err != nil {
		return "", exit.WithCode(exit.Config, err)
	}
	return cfg.DB, nil
}
