//go:build unix

package main

import (
	"chatme/internal/app"
	"chatme/internal/cli"
	"chatme/internal/doctor"
	"chatme/internal/example"
	"chatme/internal/hostile"
	"chatme/internal/load"
	"chatme/internal/operator"
	"chatme/internal/probe"
	"chatme/internal/recovery"
	"chatme/internal/torture"
)

// Commands describes the command line.
type Commands struct {
	Init    initCmd             `cmd:"" help:"Write a settings file with fresh keys to start from."`
	Serve   app.ServeCmd        `cmd:"" help:"Run the server."`
	Dev     devCmd              `cmd:"" help:"Run the server with published development keys and readable logs. Not for production."`
	Backup  recovery.BackupCmd  `cmd:"" help:"Write a copy of the database while the server runs."`
	Restore recovery.RestoreCmd `cmd:"" help:"Replace the database with a backup or a replica."`
	Drill   recovery.DrillCmd   `cmd:"" help:"Prove that a backup or a replica can be restored and served, without touching the server."`
	Doctor  doctor.Cmd          `cmd:"" help:"Check an installation and name a remedy for every problem."`
	Probe   probe.Cmd           `cmd:"" help:"Run legacy and resumable clients through the whole protocol against a server, and print what passed."`
	Torture torture.Cmd         `cmd:"" help:"Kill a server repeatedly under load, and check that it kept its promises."`
	Bench   load.Cmd            `cmd:"" help:"Measure a server's speed and resource use."`
	Config  configCmd           `cmd:"" help:"Print a settings file, or check the settings in force."`
	Version cli.VersionCmd      `cmd:"" help:"Print the version."`

	Status    operator.StatusCmd    `cmd:"" help:"Print the running server's metrics: sessions, traffic, latency, storage, the process."`
	Dashboard operator.DashboardCmd `cmd:"" help:"Show charts of the running server's last hour in a browser."`
	Tail      operator.TailCmd      `cmd:"" help:"Show events in the running server as they happen."`
	Sessions  operator.SessionsCmd  `cmd:"" help:"List the sessions of the running server."`
	Networks  operator.NetworksCmd  `cmd:"" help:"List the networks of the clients, by tags of the day."`
	Queue     operator.QueueCmd     `cmd:"" help:"List the sessions that wait for a partner."`
	Pairs     operator.PairsCmd     `cmd:"" help:"List the chats."`
	Kick      operator.KickCmd      `cmd:"" help:"End a session."`
	Reload    operator.ReloadCmd    `cmd:"" help:"Make the running server reload its settings: keys, origins, limits."`
	Runs      operator.RunsCmd      `cmd:"" help:"List the server runs on this database: version, start, stop, exit reason."`

	Healthcheck operator.HealthcheckCmd `cmd:"" help:"Report by exit code whether the running server is ready; for containers."`

	// Former names.
	Deployments operator.RunsCmd `cmd:"" hidden:""`

	ExampleDB example.Cmd `cmd:"" name:"example-db" hidden:""`
	Hostile   hostile.Cmd `cmd:"" hidden:"" help:"Attack a server of its own from one address, and measure what honest clients notice."`
}
