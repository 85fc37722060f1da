//go:build !linux

package ws

// poller parks nothing: each Conn keeps the goroutine that reads it.
type poller struct{}

func newPoller() (*poller, error) { return &poller{}, nil }

func (*poller) start([]*poller) {}

func (*poller) stop() {}

func (*poller) count() int { return 0 }

func (*poller) park(*Conn) bool { return false }

type leader struct{}

func (*leader) handOver(*Conn) {}
