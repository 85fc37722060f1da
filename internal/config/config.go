package config

// Config is the settings in force.
//
// Tags: name is the flag, env the name in the environment and in the file, default the value if nobody says
// otherwise, group the heading, check and choices what a text must look like, secret:"true" what is never
// shown, live:"true" what a reload changes (Merge); the rest needs a restart. credential is the name of a systemd
// credential that the value may be in. A default without a remark is the figure of the protocol's section on time and
// limits.
type Config struct {
	Addr string `name:"addr" env:"CHATME_ADDR" default:":8787" check:"address" group:"Server" help:"Address to listen on, host:port; without a host, all of them."`
	DB   string `name:"db" env:"CHATME_DB" default:"chatme.db" check:"path" group:"Server" help:"The SQLite file; it is created if it does not exist."`

	// Beside the database, because a server has one of each.
	Admin string `name:"admin" env:"CHATME_ADMIN" group:"Server" help:"Unix socket for the commands that talk to the running server; empty: the database's name and .sock; off: none."`

	// Loopback only: whoever can ask hears how much is going on.
	MetricsAddr string `name:"metrics-addr" env:"CHATME_METRICS_ADDR" check:"loopback" group:"Server" help:"Loopback address, host:port, for a scraper: /metrics, /livez and /readyz, and nothing else; empty: none."`

	// Behind a proxy that speaks TLS neither is set.
	TLSCert string `name:"tls-cert" env:"CHATME_TLS_CERT" group:"Server" help:"Certificate chain (PEM), to serve https and wss without a proxy; with it goes tls-key. Read again when it changes; empty: none."`
	TLSKey  string `name:"tls-key" env:"CHATME_TLS_KEY" group:"Server" help:"Private key of tls-cert (PEM)."`

	// Somebody must have a key; there is no default, so that nobody runs a server with a published one. Of several the
	// first is the newest: the others are accepted until every client has that.
	WebAPIKeys       []string `name:"web-api-key" env:"WEB_API_KEY" check:"key" secret:"true" live:"true" credential:"web_api_key" group:"Server" help:"Key of the web client. Several, separated by commas, are all accepted, and the page carries the first; so a key cannot hold a comma, and spaces around it are dropped. The web client or the mobile client must have a key."`
	WebAPIKeyFile    string   `name:"web-api-key-file" env:"WEB_API_KEY_FILE" live:"true" group:"Server" help:"A file with the keys of the web client, one a line or separated by commas, in place of the keys themselves. A systemd credential web_api_key (LoadCredential=web_api_key:/path) is read in the same way."`
	MobileAPIKeys    []string `name:"mobile-api-key" env:"MOBILE_API_KEY" check:"key" secret:"true" live:"true" credential:"mobile_api_key" group:"Server" help:"Key of the mobile client; several in the same way."`
	MobileAPIKeyFile string   `name:"mobile-api-key-file" env:"MOBILE_API_KEY_FILE" live:"true" group:"Server" help:"A file with the keys of the mobile client, in the same way. The credential is mobile_api_key."`

	// The first two are where the web client's development servers listen, the third is this server's own page.
	AllowedOrigins []string `name:"allowed-origins" env:"ALLOWED_ORIGINS" live:"true" default:"http://localhost:5173,http://localhost:3000,http://localhost:8787" check:"origin" group:"Server" help:"Other sites whose pages may connect and frame the page, and apps in a web view, scheme://host[:port], separated by commas. The server's own page may always connect, and so may apps that send no origin: for these alone leave it empty. Fill it when your web client is on another host: https://www.example.org."`
	// Any page can get the origin null, by a sandboxed frame.
	AllowNullOrigin string `name:"allow-null-origin" env:"CHATME_ALLOW_NULL_ORIGIN" live:"true" default:"off" choices:"on,off" group:"Server" help:"Pages that send the origin null, from a file or in a sandboxed frame, may connect: on or off. Any site can make such a frame."`

	// data, because no unmodified client sends a URL, and one shows the viewer's address to the image's host.
	Images string `name:"images" env:"CHATME_IMAGES" live:"true" default:"data" choices:"any,data,off" group:"Server" help:"Images that are relayed: data (data URIs only), any (https URLs too, whose hosts then see the viewers' addresses) or off."`
	Web    string `name:"web" env:"CHATME_WEB" live:"true" default:"on" choices:"on,off" group:"Server" help:"The page at /: on or off."`
	WebDir string `name:"web-dir" env:"CHATME_WEB_DIR" live:"true" group:"Server" help:"A directory with a page of your own in place of the built-in one, read at the start and at a reload; empty: none."`

	// Only a proxy on this machine is believed when it says whom it forwards.
	TrustedProxies []string `name:"trusted-proxies" env:"CHATME_TRUSTED_PROXIES" live:"true" default:"127.0.0.0/8,::1/128" check:"network" group:"Server" help:"Networks whose X-Forwarded-For is believed, as CIDR, separated by commas; empty: none."`

	LogLevel string `name:"log-level" env:"CHATME_LOG_LEVEL" live:"true" default:"info" choices:"debug,info,warn,error" group:"Server" help:"Least severe line that is logged: debug, info, warn or error."`
	// auto: a person reads a terminal, a program reads the rest.
	LogFormat string `name:"log-format" env:"CHATME_LOG_FORMAT" default:"auto" choices:"auto,json,text" group:"Server" help:"Form of the log: json, text, or auto (text on a terminal, JSON otherwise)."`

	AuthTimeout  Duration `name:"auth-timeout" env:"CHATME_AUTH_TIMEOUT" live:"true" default:"10s" group:"Times" help:"How long a socket may take to authenticate (duration)."`
	PingInterval Duration `name:"ping-interval" env:"CHATME_PING_INTERVAL" default:"25s" group:"Times" help:"Between two WebSocket pings to a client (duration)."`
	DeadAfter    Duration `name:"dead-after" env:"CHATME_DEAD_AFTER" live:"true" default:"60s" group:"Times" help:"A resumable client silent this long is away (duration)."`
	DeadAfterOld Duration `name:"dead-after-old" env:"CHATME_DEAD_AFTER_OLD" live:"true" default:"5m" group:"Times" help:"An old client silent this long is gone (duration)."`
	IdleAfter    Duration `name:"idle-after" env:"CHATME_IDLE_AFTER" live:"true" default:"10m" group:"Times" help:"A resumable session neither waiting nor in a chat is put to rest after this long without activity (duration)."`
	SessionTTL   Duration `name:"session-ttl" env:"CHATME_SESSION_TTL" default:"24h" group:"Times" help:"How long a session at rest can be resumed (duration)."`

	ChatWindow    Duration `name:"chat-window" env:"CHATME_CHAT_WINDOW" live:"true" default:"120s" group:"Times" help:"How long a chat waits for an away side (duration)."`
	ChatWindowOld Duration `name:"chat-window-old" env:"CHATME_CHAT_WINDOW_OLD" live:"true" default:"30s" group:"Times" help:"The same when the side that waits is an old client (duration)."`
	QueueWindow   Duration `name:"queue-window" env:"CHATME_QUEUE_WINDOW" live:"true" default:"30s" group:"Times" help:"How long an away session keeps its place in the queue (duration)."`
	SleepMax      Duration `name:"sleep-max" env:"CHATME_SLEEP_MAX" live:"true" default:"10m" group:"Times" help:"The longest absence a client may announce (duration)."`
	RematchAfter  Duration `name:"rematch-after" env:"CHATME_REMATCH_AFTER" live:"true" default:"10s" group:"Times" help:"How long two whose chat ended are not matched with each other again (duration)."`
	SettleTimeout Duration `name:"settle-timeout" env:"CHATME_SETTLE_TIMEOUT" live:"true" default:"2s" group:"Times" help:"How long after a ping a legacy client that answers none is matched again; one that answers is matched then (duration)."`

	// 16 KiB in 20 s is 6.5 kbit/s: a poor mobile link keeps up, a socket that trickles to hold memory does not.
	ProgressTimeout Duration `name:"progress-timeout" env:"CHATME_PROGRESS_TIMEOUT" live:"true" default:"20s" group:"Times" help:"Within it each 16 KiB of a frame must arrive or leave (duration)."`
	// More than the former, so that what stands still is cut before anybody who waits for it.
	StallTimeout Duration `name:"stall-timeout" env:"CHATME_STALL_TIMEOUT" live:"true" default:"30s" group:"Times" help:"A frame waits its turn for in-flight-max as long as what holds room moves 16 KiB within this time; then its socket is closed 1013 (duration)."`
	// Below the 5 s within which a stop must be over.
	ShutdownTimeout Duration `name:"shutdown-timeout" env:"CHATME_SHUTDOWN_TIMEOUT" live:"true" default:"4s" group:"Times" help:"How long a stop may take before connections are cut (duration)."`

	FrameBeforeMatch Bytes `name:"frame-before-match" env:"CHATME_FRAME_BEFORE_MATCH" live:"true" default:"64KiB" group:"Limits" help:"Largest frame until the first match of a connection (bytes)."`
	// 16 MiB and 64 KiB: an image as large as OkHttp sends, and the text beside it.
	FrameMax           Bytes `name:"frame-max" env:"CHATME_FRAME_MAX" default:"16842752" group:"Limits" help:"Largest frame after it (bytes)."`
	TextMax            Bytes `name:"text-max" env:"CHATME_TEXT_MAX" live:"true" default:"64KiB" group:"Limits" help:"Longest text of a message (bytes of UTF-8)."`
	MalformedPerMinute Count `name:"malformed-per-minute" env:"CHATME_MALFORMED_PER_MINUTE" live:"true" default:"5" group:"Limits" help:"Malformed frames of one socket a minute; one more closes it 1008 (frames)."`
	InFlightMax        Bytes `name:"in-flight-max" env:"CHATME_IN_FLIGHT_MAX" live:"true" default:"256MiB" group:"Limits" help:"Frames over 64 KiB in memory at one time, all connections together; when full, further ones wait their turn unread. Less where the memory limit is below 750 MiB (bytes)."`

	// A slow reader costs at most this, and one larger frame out of in-flight-max.
	OutboxFrames  Count `name:"outbox-frames" env:"CHATME_OUTBOX_FRAMES" default:"64" group:"Limits" help:"Frames waiting for one slow reader before it is closed (frames)."`
	OutboxBytes   Bytes `name:"outbox-bytes" env:"CHATME_OUTBOX_BYTES" default:"256KiB" group:"Limits" help:"The same in bytes; one larger frame may wait beside them (bytes)."`
	MaxConns      Count `name:"max-conns" env:"CHATME_MAX_CONNS" live:"true" default:"0" group:"Limits" help:"Connections at one time; 0 takes it from the descriptor limit (connections)."`
	QueuedChanges Count `name:"queued-changes" env:"CHATME_QUEUED_CHANGES" live:"true" default:"10000" group:"Limits" help:"Changes that wait while the database cannot be written (changes)."`
	QueuedBytes   Bytes `name:"queued-bytes" env:"CHATME_QUEUED_BYTES" live:"true" default:"64MiB" group:"Limits" help:"The same for messages to people who are away; less where the memory limit is below 750 MiB (bytes)."`
	FailedKeys    Count `name:"failed-keys" env:"CHATME_FAILED_KEYS" live:"true" default:"10" group:"Limits" help:"Wrong keys from one address before its upgrades get 429; then one a minute is let in (attempts)."`

	MailboxMessages Count `name:"mailbox-messages" env:"CHATME_MAILBOX_MESSAGES" live:"true" default:"200" group:"Limits" help:"Messages held for somebody who is away; beyond, a sender has to wait (messages)."`
	MailboxBytes    Bytes `name:"mailbox-bytes" env:"CHATME_MAILBOX_BYTES" live:"true" default:"32MiB" group:"Limits" help:"What the messages held for one may weigh (bytes)."`
	MailTotal       Bytes `name:"mail-total" env:"CHATME_MAIL_TOTAL" live:"true" default:"1GiB" group:"Limits" help:"What is held for everybody together (bytes)."`
	// As FrameMax, beyond which there is no message.
	LetterMax Bytes `name:"letter-max" env:"CHATME_LETTER_MAX" live:"true" default:"16842752" group:"Limits" help:"Largest message held for somebody who is away: to be sealed and stored it takes four times that of memory. A larger one waits with its sender. Less where the memory limit is below 128 MiB (bytes)."`

	// What a mailbox takes, so that all of it can be held if the receiver's socket is lost.
	RingMessages Count `name:"ring-messages" env:"CHATME_RING_MESSAGES" live:"true" default:"200" group:"Limits" help:"Messages kept in memory until somebody who is here acknowledges them (messages)."`
	RingBytes    Bytes `name:"ring-bytes" env:"CHATME_RING_BYTES" live:"true" default:"32MiB" group:"Limits" help:"What they may weigh; less where the memory limit is below 750 MiB (bytes)."`
	RingTotal    Bytes `name:"ring-total" env:"CHATME_RING_TOTAL" live:"true" default:"256MiB" group:"Limits" help:"The same for everybody together; less where the memory limit is below 750 MiB (bytes)."`
}
