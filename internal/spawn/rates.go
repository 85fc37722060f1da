package spawn

// GenerousRates are settings for a server that is tested or measured: its clients send what a thousand people do. The
// rates are counted all the same. Every server that is started here has them, unless its Rates are others.
var GenerousRates = []string{
	"CHATME_SOCKET_FRAMES=1000000,1000000/s", "CHATME_SOCKET_MESSAGES=1000000,1000000/s", "CHATME_SOCKET_BYTES=64GiB,64GiB/s",
	"CHATME_SOCKET_PINGS=1000000,1000000/s", "CHATME_SESSION_RESUMES=1000000,1000000/s", "CHATME_SESSION_MATCHES=1000000,1000000/s",
}
