package main

import (
	"errors"

	"chatme/internal/admin"
	"chatme/internal/config"
)

// place are the flags of a command that talks to the running server, or looks at its database.
type place struct {
	File  string `name:"config" placeholder:"FILE" help:"Read settings from this file (default: .dev.vars, then .env, where they exist)."`
	DB    string `name:"db" env:"CHATME_DB" default:"chatme.db" help:"The database of the server."`
	Admin string `name:"admin" env:"CHATME_ADMIN" help:"The admin socket of the server; empty: the database's name and .sock."`
}

// locate returns the settings that say where the server is, and no others.
func (p *program) locate(at place) (*config.Config, error) {
	cfg, err := config.LoadPlace(config.Sources{Flags: p.flags, Environ: p.environ, File: at.File})
	return cfg, withCode(exitConfig, err)
}

// admin returns a client of the server's admin socket; whether it runs shows as it is asked.
func (p *program) admin(at place) (*admin.Client, error) {
	cfg, err := p.locate(at)
	if err != nil {
		return nil, err
	}
	if cfg.AdminSocket() == "" {
		return nil, withCode(exitConfig, errors.New("CHATME_ADMIN is off: that server cannot be asked anything; name a socket, and start it again"))
	}
	return admin.NewClient(cfg.AdminSocket()), nil
}

// databaseFlags say which database a command is about. A command that has them needs no key.
type databaseFlags struct {
	File string `name:"config" placeholder:"FILE" help:"Read settings from this file (default: .dev.vars, then .env, where they exist)."`
	DB   string `name:"db" env:"CHATME_DB" default:"chatme.db" help:"The database."`
}

// database is the path of the database in force.
func (p *program) database(f databaseFlags) (string, error) {
	cfg, err := config.LoadPlace(config.Sources{Flags: p.flags, Environ: p.environ, File: f.File})
	if err != nil {
		return "", withCode(exitConfig, err)
	}
	return cfg.DB, nil
}
