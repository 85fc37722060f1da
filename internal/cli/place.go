package cli

import (
	"errors"

	"chatme/internal/admin"
	"chatme/internal/config"
	"chatme/internal/exit"
)

// Place holds the flags of a command that talks to the running server or reads its database.
type Place struct {
	File  string `name:"config" placeholder:"FILE" help:"Read settings from this file (default: .dev.vars, then .env, where they exist)."`
	DB    string `name:"db" env:"CHATME_DB" default:"chatme.db" help:"The server's database."`
	Admin string `name:"admin" env:"CHATME_ADMIN" help:"The server's admin socket; empty: the database path plus .sock."`
}

// Locate returns the settings that say where the server is, and no others.
func (p *Program) Locate(at Place) (*config.Config, error) {
	cfg, err := config.LoadPlace(config.Sources{Flags: p.flags, Environ: p.Environ, File: at.File})
	return cfg, exit.WithCode(exit.Config, err)
}

// Admin returns a client of the server's admin socket. It does not check that the server runs.
func (p *Program) Admin(at Place) (*admin.Client, error) {
	cfg, err := p.Locate(at)
	if err != nil {
		return nil, err
	}
	if cfg.AdminSocket() == "" {
		return nil, exit.WithCode(exit.Config, errors.New("CHATME_ADMIN is off, so the server has no admin socket; set it to a path and restart the server"))
	}
	return admin.NewClient(cfg.AdminSocket()), nil
}

// DatabaseFlags name the database of a command. A command that has them needs no key.
type DatabaseFlags struct {
	File string `name:"config" placeholder:"FILE" help:"Read settings from this file (default: .dev.vars, then .env, where they exist)."`
	DB   string `name:"db" env:"CHATME_DB" default:"chatme.db" help:"The database."`
}

// Database returns the path of the database in force.
func (p *Program) Database(f DatabaseFlags) (string, error) {
	cfg, err := config.LoadPlace(config.Sources{Flags: p.flags, Environ: p.Environ, File: f.File})
	if err != nil {
		return "", exit.WithCode(exit.Config, err)
	}
	return cfg.DB, nil
}
