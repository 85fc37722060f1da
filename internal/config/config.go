package config

// Config holds the settings in force.
//
// Tags: name is the flag; env is the name in the environment and in the file; default is the value if none is given;
// group is the heading; check and choices restrict the text; secret:"true" marks a value that is never shown;
// live:"true" marks a setting that a reload changes (Merge), all others need a restart; credential names a systemd
// credential that may hold the value. A default without a comment is the value in docs/protocol.md, "Times".
type Config struct {
	Addr string `name:"addr" env:"CHATME_ADDR" default:":8787" check:"addresses" group:"Server" help:"Addresses to listen on, separated by commas: host:port (:port for all interfaces) or unix:PATH (a socket for a proxy on the same machine)."`
	DB   string `name:"db" env:"CHATME_DB" default:"chatme.db" check:"path" group:"Server" help:"SQLite database file; created if it does not exist."`

	// Next to the database, because a server has one of each.
	Admin string `name:"admin" env:"CHATME_ADMIN" group:"Server" help:"Unix socket for the commands that talk to the running server; empty: the database path plus .sock; off: none."`

	// Loopback only: the metrics reveal how busy the server is.
	MetricsAddr string `name:"metrics-addr" env:"CHATME_METRICS_ADDR" check:"loopback" group:"Server" help:"Loopback address, host:port, that serves /metrics, /livez and /readyz to a scraper; empty: none."`

	// Set neither behind a proxy that terminates TLS.
	TLSCert string `name:"tls-cert" env:"CHATME_TLS_CERT" group:"Server" help:"Certificate chain (PEM), to serve https and wss without a proxy; requires tls-key. Reloaded when the file changes; empty: no TLS."`
	TLSKey  string `name:"tls-key" env:"CHATME_TLS_KEY" group:"Server" help:"Private key of tls-cert (PEM)."`

	// At least one key must be set. There is no default, so that no server runs with a published key. Of several keys the
	// first is the newest; the others are accepted until every client has it.
	WebAPIKeys       []string `name:"web-api-key" env:"WEB_API_KEY" check:"key" secret:"true" live:"true" credential:"web_api_key" group:"Server" help:"API key of the web client. Separate several with commas: all are accepted, and the page carries the first. A key cannot contain a comma; spaces around it are dropped. Set a key for the web client, the mobile client or both."`
	WebAPIKeyFile    string   `name:"web-api-key-file" env:"WEB_API_KEY_FILE" live:"true" group:"Server" help:"File with the keys of the web client, one per line or separated by commas, instead of the keys themselves. A systemd credential web_api_key (LoadCredential=web_api_key:/path) is read the same way."`
	MobileAPIKeys    []string `name:"mobile-api-key" env:"MOBILE_API_KEY" check:"key" secret:"true" live:"true" credential:"mobile_api_key" group:"Server" help:"API key of the mobile client; several work the same way."`
	MobileAPIKeyFile string   `name:"mobile-api-key-file" env:"MOBILE_API_KEY_FILE" live:"true" group:"Server" help:"File with the keys of the mobile client, in the same format. The credential is mobile_api_key."`

	// The first two are the web client's development servers, the third is this server's own page.
	AllowedOrigins []string `name:"allowed-origins" env:"ALLOWED_ORIGINS" live:"true" default:"http://localhost:5173,http://localhost:3000,http://localhost:8787" check:"origin" group:"Server" help:"Origins of other sites, or of apps in a web view, that may connect and frame the page: scheme://host[:port], separated by commas. Set it if your web client is on another host: https://www.example.org. The server's own page and apps that send no origin may always connect; leave it empty if there are no others."`
	// Any page can get the origin null through a sandboxed frame.
	AllowNullOrigin string `name:"allow-null-origin" env:"CHATME_ALLOW_NULL_ORIGIN" live:"true" default:"off" choices:"on,off" group:"Server" help:"Let pages that send the origin null connect (from a file or a sandboxed frame): on or off. Any site can make such a frame."`

	// data, because no unmodified client sends a URL, and a URL reveals the viewer's address to the image's host.
	Images string `name:"images" env:"CHATME_IMAGES" live:"true" default:"data" choices:"any,data,off" group:"Server" help:"Images to relay: data (data URIs only), any (https URLs too; their hosts see the viewers' addresses) or off."`
	// on, because people do not know what their phone writes into a picture.
	ImagesStrip string `name:"images-strip" env:"CHATME_IMAGES_STRIP" live:"true" default:"on" choices:"on,strict,off" group:"Server" help:"Blank the metadata of images, such as where they were taken, and bound their pixels and frames: on, strict (also refuse images that cannot be cleaned completely) or off."`

	Web    string `name:"web" env:"CHATME_WEB" live:"true" default:"on" choices:"on,off" group:"Server" help:"Serve the page at /: on or off."`
	WebDir string `name:"web-dir" env:"CHATME_WEB_DIR" live:"true" group:"Server" help:"Directory with your own page instead of the built-in one, read at startup and at a reload; empty: none."`

	// Only a proxy on this machine is trusted to name the client address.
	TrustedProxies []string `name:"trusted-proxies" env:"CHATME_TRUSTED_PROXIES" live:"true" default:"127.0.0.0/8,::1/128" check:"network" group:"Server" help:"Networks whose X-Forwarded-For is trusted, as CIDR, separated by commas; empty: none."`

	LogLevel string `name:"log-level" env:"CHATME_LOG_LEVEL" live:"true" default:"info" choices:"debug,info,warn,error" group:"Server" help:"Lowest level to log: debug, info, warn or error."`
	// auto: people read a terminal, programs read everything else.
	LogFormat string `name:"log-format" env:"CHATME_LOG_FORMAT" default:"auto" choices:"auto,json,text" group:"Server" help:"Log format: json, text, or auto (text on a terminal, JSON otherwise)."`

	AuthTimeout  Duration `name:"auth-timeout" env:"CHATME_AUTH_TIMEOUT" live:"true" default:"10s" group:"Times" help:"Time a socket has to authenticate (duration)."`
	PingInterval Duration `name:"ping-interval" env:"CHATME_PING_INTERVAL" default:"25s" group:"Times" help:"Interval of WebSocket pings to a client (duration)."`
	DeadAfter    Duration `name:"dead-after" env:"CHATME_DEAD_AFTER" live:"true" default:"60s" group:"Times" help:"Silence after which a resumable client counts as away (duration)."`
	DeadAfterOld Duration `name:"dead-after-old" env:"CHATME_DEAD_AFTER_OLD" live:"true" default:"5m" group:"Times" help:"Silence after which a legacy client counts as gone and its session ends (duration)."`
	IdleAfter    Duration `name:"idle-after" env:"CHATME_IDLE_AFTER" live:"true" default:"10m" group:"Times" help:"Inactivity after which a resumable session that is neither waiting nor in a chat hibernates (duration)."`
	SessionTTL   Duration `name:"session-ttl" env:"CHATME_SESSION_TTL" default:"24h" group:"Times" help:"How long a hibernating session can be resumed (duration)."`

	ChatWindow    Duration `name:"chat-window" env:"CHATME_CHAT_WINDOW" live:"true" default:"120s" group:"Times" help:"How long a chat waits for a disconnected partner (duration)."`
	ChatWindowOld Duration `name:"chat-window-old" env:"CHATME_CHAT_WINDOW_OLD" live:"true" default:"30s" group:"Times" help:"The same when the waiting side is a legacy client (duration)."`
	// A client that reconnects at once, or in a loop, is not announced.
	AwayAfter     Duration `name:"away-after" env:"CHATME_AWAY_AFTER" live:"true" default:"1s" group:"Times" help:"How long a partner must be away before a client is told (duration)."`
	QueueWindow   Duration `name:"queue-window" env:"CHATME_QUEUE_WINDOW" live:"true" default:"30s" group:"Times" help:"How long an away session keeps its place in the queue (duration)."`
	SleepMax      Duration `name:"sleep-max" env:"CHATME_SLEEP_MAX" live:"true" default:"10m" group:"Times" help:"The longest absence a client may announce (duration)."`
	SettleTimeout Duration `name:"settle-timeout" env:"CHATME_SETTLE_TIMEOUT" live:"true" default:"2s" group:"Times" help:"How long after a ping a legacy client that does not answer is matched again; one that answers is matched at once (duration)."`

	// 16 KiB in 20 s is 6.5 kbit/s: a poor mobile link keeps up, a socket that trickles data to hold memory does not.
	ProgressTimeout Duration `name:"progress-timeout" env:"CHATME_PROGRESS_TIMEOUT" live:"true" default:"20s" group:"Times" help:"Time in which each 16 KiB of a frame must arrive or leave (duration)."`
	// Longer than progress-timeout, so that a stalled socket is closed before the sockets that wait for it.
	StallTimeout Duration `name:"stall-timeout" env:"CHATME_STALL_TIMEOUT" live:"true" default:"30s" group:"Times" help:"A frame waits for room in in-flight-max as long as the frames that hold the room move 16 KiB within this time; then its socket is closed with 1013 (duration)."`
	// Below the 5 s within which a shutdown must complete.
	ShutdownTimeout Duration `name:"shutdown-timeout" env:"CHATME_SHUTDOWN_TIMEOUT" live:"true" default:"4s" group:"Times" help:"How long a shutdown may take before connections are cut (duration)."`

	// A closed list: on a small site, free text never matches, and people use it as a code.
	Topics    []string `name:"topics" env:"CHATME_TOPICS" default:"music,games,films,books,sport,food,travel,art,science,technology,animals,nature" check:"topic" group:"Matching" help:"Topics that a client may choose, separated by commas, at most 64; two clients with a topic in common are matched first. The page translates the default ones. Empty: none."`
	Languages []string `name:"languages" env:"CHATME_LANGUAGES" check:"language" group:"Matching" help:"Languages that a client may choose, as codes (en,de,pt), separated by commas, at most 64; empty: none."`

	OpenAfter    Duration `name:"open-after" env:"CHATME_OPEN_AFTER" live:"true" default:"5s" group:"Matching" help:"How long a client that chose topics waits for one with a topic in common (duration)."`
	LateAfter    Duration `name:"late-after" env:"CHATME_LATE_AFTER" live:"true" default:"10s" group:"Matching" help:"How long a client waits before its topics stop counting; languages and recent partners stop counting when both have waited as long (duration)."`
	RecentFor    Duration `name:"recent-for" env:"CHATME_RECENT_FOR" live:"true" default:"5m" group:"Matching" help:"How long a client is not matched again with one of its last 8 partners, unless both have waited for late-after (duration)."`
	RematchAfter Duration `name:"rematch-after" env:"CHATME_REMATCH_AFTER" live:"true" default:"10s" group:"Matching" help:"How long two sessions whose chat ended are not matched with each other again (duration)."`

	// watch, because the rule follows the manners of a site, and those differ: look before it places anyone.
	LowPriority string `name:"low-priority" env:"CHATME_LOW_PRIORITY" live:"true" default:"watch" choices:"watch,on,off" group:"Matching" help:"What to do with clients whose chats go much worse than is usual here, such as bots: watch (count them), on (match them with each other first) or off."`

	FrameBeforeMatch Bytes `name:"frame-before-match" env:"CHATME_FRAME_BEFORE_MATCH" live:"true" default:"64KiB" group:"Limits" help:"Largest frame before a connection's first match (bytes)."`
	// 16 MiB + 64 KiB: the largest image that OkHttp sends, and the text with it.
	FrameMax           Bytes `name:"frame-max" env:"CHATME_FRAME_MAX" default:"16842752" group:"Limits" help:"Largest frame after a connection's first match (bytes)."`
	TextMax            Bytes `name:"text-max" env:"CHATME_TEXT_MAX" live:"true" default:"64KiB" group:"Limits" help:"Longest text of a message (bytes of UTF-8)."`
	MalformedPerMinute Count `name:"malformed-per-minute" env:"CHATME_MALFORMED_PER_MINUTE" live:"true" default:"5" group:"Limits" help:"Malformed frames that a socket may send per minute; one more closes it with 1008 (frames)."`
	InFlightMax        Bytes `name:"in-flight-max" env:"CHATME_IN_FLIGHT_MAX" live:"true" default:"256MiB" group:"Limits" help:"Memory for frames over 64 KiB, all connections together; when it is full, further frames wait unread. Lower if the memory limit is below 750 MiB (bytes)."`

	// A slow reader costs at most this, plus one larger frame out of in-flight-max.
	OutboxFrames  Count `name:"outbox-frames" env:"CHATME_OUTBOX_FRAMES" default:"64" group:"Limits" help:"Frames queued for a slow reader before its socket is closed (frames)."`
	OutboxBytes   Bytes `name:"outbox-bytes" env:"CHATME_OUTBOX_BYTES" default:"256KiB" group:"Limits" help:"The same in bytes; one larger frame may wait in addition (bytes)."`
	MaxConns      Count `name:"max-conns" env:"CHATME_MAX_CONNS" live:"true" default:"0" group:"Limits" help:"Most connections at a time; 0: derived from the descriptor limit (connections)."`
	QueuedChanges Count `name:"queued-changes" env:"CHATME_QUEUED_CHANGES" live:"true" default:"10000" group:"Limits" help:"Changes to queue while the database cannot be written (changes)."`
	QueuedBytes   Bytes `name:"queued-bytes" env:"CHATME_QUEUED_BYTES" live:"true" default:"64MiB" group:"Limits" help:"The same for messages to clients that are away; lower if the memory limit is below 750 MiB (bytes)."`
	FailedKeys    Count `name:"failed-keys" env:"CHATME_FAILED_KEYS" live:"true" default:"10" group:"Limits" help:"Wrong keys from one network before its upgrades get 429; then one attempt a minute is allowed (attempts)."`

	SessionRows     Count `name:"session-rows" env:"CHATME_SESSION_ROWS" live:"true" default:"2000000" group:"Limits" help:"Most sessions in the database; beyond that a first search waits until others expire; 0: no limit (sessions)."`
	MailboxMessages Count `name:"mailbox-messages" env:"CHATME_MAILBOX_MESSAGES" live:"true" default:"200" group:"Limits" help:"Most messages held for one session that is away; when full, the sender has to wait (messages)."`
	MailboxBytes    Bytes `name:"mailbox-bytes" env:"CHATME_MAILBOX_BYTES" live:"true" default:"32MiB" group:"Limits" help:"Largest total size of the messages held for one session (bytes)."`
	MailTotal       Bytes `name:"mail-total" env:"CHATME_MAIL_TOTAL" live:"true" default:"1GiB" group:"Limits" help:"Largest total size of the messages held for all sessions (bytes)."`
	// Same as FrameMax: no message is larger.
	LetterMax Bytes `name:"letter-max" env:"CHATME_LETTER_MAX" live:"true" default:"16842752" group:"Limits" help:"Largest message held for a session that is away; sealing and storing it takes four times its size in memory. A larger message waits with its sender. Lower if the memory limit is below 128 MiB (bytes)."`

	// As much as a mailbox takes, so that all of it can be held if the receiver's socket is lost.
	RingMessages Count `name:"ring-messages" env:"CHATME_RING_MESSAGES" live:"true" default:"200" group:"Limits" help:"Most messages kept in memory until a connected receiver acknowledges them (messages)."`
	RingBytes    Bytes `name:"ring-bytes" env:"CHATME_RING_BYTES" live:"true" default:"32MiB" group:"Limits" help:"Largest total size of these messages per receiver; lower if the memory limit is below 750 MiB (bytes)."`
	RingTotal    Bytes `name:"ring-total" env:"CHATME_RING_TOTAL" live:"true" default:"256MiB" group:"Limits" help:"The same for all receivers together; lower if the memory limit is below 750 MiB (bytes)."`

	// A network is an IPv4 address or an IPv6 /64; a /56 may use 4 times and a /48 16 times as much. The first two apply
	// only while more than half of max-conns is open.
	NetworkSockets  Count    `name:"network-sockets" env:"CHATME_NETWORK_SOCKETS" live:"true" default:"0" group:"Rates" help:"Most sockets of one network while more than half of max-conns is open; 0: a sixteenth of max-conns, at least 64 (connections)."`
	NetworkConnects Rate     `name:"network-connects" env:"CHATME_NETWORK_CONNECTS" live:"true" default:"0,0/m" group:"Rates" help:"New sockets of one network, burst and then a rate, while more than half of max-conns is open; 0: as many as network-sockets (rate)."`
	NetworkSessions Rate     `name:"network-sessions" env:"CHATME_NETWORK_SESSIONS" live:"true" default:"0,1/s" group:"Rates" help:"New sessions of one network that begin to search; over it, a search waits; 0: as many as network-sockets (rate)."`
	NetworkSearches Rate     `name:"network-searches" env:"CHATME_NETWORK_SEARCHES" live:"true" default:"100,20/s" group:"Rates" help:"Searches of one network, with every Next; over it, the match waits (rate)."`
	NetworkBytes    ByteRate `name:"network-bytes" env:"CHATME_NETWORK_BYTES" live:"true" default:"256MiB,8MiB/s" group:"Rates" help:"Bytes received from one network; over it, its sockets are read later (rate in bytes)."`
	// An eighth of in-flight-max and of ring-total, but always one largest frame.
	NetworkShare Count `name:"network-share" env:"CHATME_NETWORK_SHARE" live:"true" default:"8" group:"Rates" help:"Into how many parts in-flight-max and ring-total are divided; one network may hold one part, and always one largest frame (parts)."`
	NetworkMail  Bytes `name:"network-mail" env:"CHATME_NETWORK_MAIL" live:"true" default:"64MiB" group:"Rates" help:"Largest total size of the held messages that one network has written (bytes)."`
	// The match is paced, not the search: a client that presses Next at once is answered at once.
	SessionMatches Rate `name:"session-matches" env:"CHATME_SESSION_MATCHES" live:"true" default:"10,1/3s" group:"Rates" help:"Matches that one session gets for its searches; over it, the session waits in the queue (rate)."`
	SessionResumes Rate `name:"session-resumes" env:"CHATME_SESSION_RESUMES" live:"true" default:"20,1/5s" group:"Rates" help:"Times that one session may resume; over it, the next resume waits (rate)."`

	// Over a rate nothing is dropped: the server reads the socket later.
	SocketFrames   Rate     `name:"socket-frames" env:"CHATME_SOCKET_FRAMES" live:"true" default:"600,60/s" group:"Rates" help:"Frames of one socket (rate)."`
	SocketMessages Rate     `name:"socket-messages" env:"CHATME_SOCKET_MESSAGES" live:"true" default:"300,10/s" group:"Rates" help:"Messages of one socket (rate)."`
	SocketBytes    ByteRate `name:"socket-bytes" env:"CHATME_SOCKET_BYTES" live:"true" default:"64MiB,1MiB/s" group:"Rates" help:"Bytes received from one socket (rate in bytes)."`
	SocketPings    Rate     `name:"socket-pings" env:"CHATME_SOCKET_PINGS" live:"true" default:"20,1/s" group:"Rates" help:"Ping messages, frames of an unknown type, and searches that change nothing, of one socket (rate)."`
	TypingInterval Duration `name:"typing-interval" env:"CHATME_TYPING_INTERVAL" live:"true" default:"300ms" group:"Rates" help:"Shortest time between two forwarded typing_start; a typing_stop is forwarded at once (duration)."`
	RepeatedAuths  Count    `name:"repeated-auths" env:"CHATME_REPEATED_AUTHS" live:"true" default:"3" group:"Rates" help:"Further auth frames on one socket; one more closes it with 1008 (frames)."`
	RateWaits      Duration `name:"rate-waits" env:"CHATME_RATE_WAITS" live:"true" default:"60s" group:"Rates" help:"How long a socket may wait at these rates within 90 s; then it is closed with 4429 (duration)."`
	// Beyond the first 256 KiB, which may take as long as progress-timeout permits.
	FramePace Bytes `name:"frame-pace" env:"CHATME_FRAME_PACE" live:"true" default:"8KiB" group:"Rates" help:"Lowest speed per second of a frame over 256 KiB; the socket of a slower one is closed (bytes)."`
}
