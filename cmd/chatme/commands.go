package main

import (
	"chatme/internal/app"
	"chatme/internal/cli"
	"chatme/internal/example"
	"chatme/internal/load"
	"chatme/internal/operator"
	"chatme/internal/probe"
	"chatme/internal/recovery"
	"chatme/internal/torture"

	"chatme/internal/doctor"
)

// Commands is the command line.
type Commands struct {
	Init    initCmd             `cmd:"" help:"Write a settings file with fresh keys, to begin with."`
	Serve   app.ServeCmd        `cmd:"" help:"Run the server."`
	Dev     devCmd              `cmd:"" help:"Run the server with published development keys and readable logs. Not for production."`
	Backup  recovery.BackupCmd  `cmd:"" help:"Write a copy of the database, while the server serves."`
	Restore recovery.RestoreCmd `cmd:"" help:"Put a backup or a replica in the place of the database."`
	Drill   recovery.DrillCmd   `cmd:"" help:"Show that a backup or a replica can be restored and served, without touching the server."`
	Doctor  doctor.Cmd          `cmd:"" help:"Look at an installation, and name a remedy for everything that is wrong with it."`
	Probe   probe.Cmd           `cmd:"" help:"Play old and new clients through the whole protocol against a deployment, and print what passed."`
	Torture torture.Cmd         `cmd:"" help:"Kill a server again and again under load, and judge whether it kept its promises."`
	Bench   load.Cmd            `cmd:"" help:"Measure how fast a server is, and what it costs."`
	Config  configCmd           `cmd:"" help:"Write a settings file, or look into the settings in force."`
	Version cli.VersionCmd      `cmd:"" help:"Print the version."`

	Status    operator.StatusCmd    `cmd:"" help:"Print the figures of the running server: sessions, traffic, latency, storage, the process."`
	Dashboard operator.DashboardCmd `cmd:"" help:"Show charts of the running server's last hour in a browser."`
	Tail      operator.TailCmd      `cmd:"" help:"Show what happens in the running server, as it happens."`
	Sessions  operator.SessionsCmd  `cmd:"" help:"List the sessions of the running server."`
	Queue     operator.QueueCmd     `cmd:"" help:"List who waits for a partner."`
	Pairs     operator.PairsCmd     `cmd:"" help:"List the chats."`
	Kick      operator.KickCmd      `cmd:"" help:"End a session."`
	Reload    operator.ReloadCmd    `cmd:"" help:"Have the running server read its settings again: keys, origins, limits."`
	Runs      operator.RunsCmd      `cmd:"" help:"List the starts of a server on the database: version, from when to when, how it ended."`

	Healthcheck operator.HealthcheckCmd `cmd:"" help:"Say whether the running server is ready, by the exit code; for containers."`

	// Former names.
	Deployments operator.RunsCmd `cmd:"" hidden:""`

	ExampleDB example.Cmd `cmd:"" name:"example-db" hidden:""`
}
