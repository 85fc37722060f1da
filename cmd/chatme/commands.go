package main

// commands is the command line.
type commands struct {
	Init    initCmd    `cmd:"" help:"Write a settings file with fresh keys, to begin with."`
	Serve   serveCmd   `cmd:"" help:"Run the server."`
	Dev     devCmd     `cmd:"" help:"Run the server with published development keys and readable logs. Not for production."`
	Backup  backupCmd  `cmd:"" help:"Write a copy of the database, while the server serves."`
	Restore restoreCmd `cmd:"" help:"Put a backup or a replica in the place of the database."`
	Drill   drillCmd   `cmd:"" help:"Show that a backup or a replica can be restored and served, without touching the server."`
	Doctor  doctorCmd  `cmd:"" help:"Look at an installation, and name a remedy for everything that is wrong with it."`
	Probe   probeCmd   `cmd:"" help:"Play old and new clients through the whole protocol against a deployment, and print what passed."`
	Torture tortureCmd `cmd:"" help:"Kill a server again and again under load, and judge whether it kept its promises."`
	Bench   benchCmd   `cmd:"" help:"Measure how fast a server is, and what it costs."`
	Config  configCmd  `cmd:"" help:"Write a settings file, or look into the settings in force."`
	Version versionCmd `cmd:"" help:"Print the version."`

	Status      statusCmd      `cmd:"" help:"Print the figures of the running server: sessions, traffic, latency, storage, the process."`
	Dashboard   dashboardCmd   `cmd:"" help:"Show charts of the running server's last hour in a browser."`
	Tail        tailCmd        `cmd:"" help:"Show what happens in the running server, as it happens."`
	Sessions    sessionsCmd    `cmd:"" help:"List the sessions of the running server."`
	Queue       queueCmd       `cmd:"" help:"List who waits for a partner."`
	Pairs       pairsCmd       `cmd:"" help:"List the chats."`
	Kick        kickCmd        `cmd:"" help:"End a session."`
	Reload      reloadCmd      `cmd:"" help:"Have the running server read its settings again: keys, origins, limits."`
	Deployments deploymentsCmd `cmd:"" help:"List the starts of a server on the database: version, from when to when, how it ended."`

	Healthcheck healthcheckCmd `cmd:"" help:"Say whether the running server is ready, by the exit code; for containers."`

	ExampleDB exampleDBCmd `cmd:"" name:"example-db" hidden:""`
}
