package spawn

// generousRates are the settings of every server that is started here: its clients are all on one machine and send what
// whole networks do. The rates are counted all the same.
var generousRates = []string{
	"CHATME_SOCKET_FRAMES=1000000,1000000/s", "CHATME_SOCKET_MESSAGES=1000000,1000000/s", "CHATME_SOCKET_BYTES=64GiB,64GiB/s",
	"CHATME_SOCKET_PINGS=1000000,1000000/s", "CHATME_SESSION_RESUMES=1000000,1000000/s",
}
