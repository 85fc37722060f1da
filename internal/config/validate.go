package config

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// checkText returns what is wrong with one text, or with one item of a list.
func (s *Setting) checkText(text string) error {
	if s.choices != nil && !slices.Contains(s.choices, text) {
		return fmt.Errorf("must be one of %s", strings.Join(s.choices, ", "))
	}
	switch s.check {
	case "addresses":
		return checkAddresses(text)
	case "loopback":
		return checkLoopback(text)
	case "path":
		if text == "" {
			return fmt.Errorf("is empty; write for example %s", s.Default)
		}
	case "origin":
		return checkOrigin(text)
	case "network":
		return checkNetwork(text)
	case "key":
		return checkKey(text)
	case "topic":
		return checkTopic(text)
	case "language":
		return checkLanguage(text)
	}
	return nil
}

func checkAddress(text string) error {
	_, port, err := net.SplitHostPort(text)
	if err != nil {
		return fmt.Errorf("not an address; write for example :8787 or 127.0.0.1:8787")
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("the port must be a number up to 65535")
	}
	return nil
}

func checkLoopback(text string) error {
	if text == "" {
		return nil
	}
	if err := checkAddress(text); err != nil {
		return fmt.Errorf("%w; for a scraper on this machine use 127.0.0.1:9187", err)
	}
	host, _, _ := net.SplitHostPort(text)
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("must be on loopback, 127.0.0.1 or [::1], because it has no authentication; write for example 127.0.0.1:9187, and connect a remote scraper through a tunnel or your own proxy")
	}
	return nil
}

func checkNetwork(text string) error {
	if addr, err := netip.ParseAddr(text); err == nil {
		return fmt.Errorf("%q is not a network; write %s/%d for this single address", text, addr.Unmap(), addr.Unmap().BitLen())
	}
	network, err := netip.ParsePrefix(text)
	if err != nil {
		return fmt.Errorf("%q is not a network; write for example 10.0.0.0/8", text)
	}
	const mapped = 128 - 32 // the bits in front of an IPv4 address in IPv6
	if network.Addr().Is4In6() && network.Bits() >= mapped {
		return fmt.Errorf("%q contains no address as the server sees it; write %s/%d", text, network.Addr().Unmap(), network.Bits()-mapped)
	}
	return nil
}

// checkKey accepts keys that a client can send as a JSON string, a page can carry, and a person can see. The error does
// not repeat the key.
func checkKey(text string) error {
	if !utf8.ValidString(text) {
		return fmt.Errorf("a key is not UTF-8")
	}
	if r, found := hidden(text); found {
		return fmt.Errorf("a key holds %U, which is invisible; delete it, or retype the key", r)
	}
	return nil
}

// relation is a contradiction between settings that are each valid.
type relation struct {
	settings []string // environment names of the settings involved
	text     string
}

// relations lists the contradictions in c.
func (c *Config) relations() []relation {
	var found []relation
	report := func(text string, settings ...string) {
		found = append(found, relation{settings, text})
	}
	type side struct {
		env   string
		value int64  // to compare
		shown string // as written by people
	}
	span := func(env string, d Duration) side { return side{env, int64(d.Duration), shortSpan(d.Duration)} }
	size := func(env string, b Bytes) side { return side{env, int64(b), fmt.Sprintf("%d bytes", b)} }
	less := func(a, b side, why string) {
		if a.value >= b.value {
			report(fmt.Sprintf("%s (%s) must be less than %s (%s): %s", a.env, a.shown, b.env, b.shown, why), a.env, b.env)
		}
	}
	atMost := func(a, b side, why string) {
		if a.value > b.value {
			report(fmt.Sprintf("%s (%s) must not be more than %s (%s): %s", a.env, a.shown, b.env, b.shown, why), a.env, b.env)
		}
	}
	atLeastOne := func(env string, n Count) {
		if n < 1 {
			report(fmt.Sprintf("%s (%d) must be at least 1", env, n), env)
		}
	}

	if len(c.WebAPIKeys) == 0 && len(c.MobileAPIKeys) == 0 {
		report("set WEB_API_KEY or MOBILE_API_KEY: without a key no client can connect", "WEB_API_KEY", "MOBILE_API_KEY")
	}

	if err := c.checkAdminSocket(); err != nil {
		report(err.Error(), "CHATME_ADMIN", "CHATME_DB")
	}
	if err := c.checkOwnSockets(); err != nil {
		report(err.Error(), "CHATME_ADDR", "CHATME_ADMIN", "CHATME_DB")
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		report("set both CHATME_TLS_CERT and CHATME_TLS_KEY, or neither: a certificate needs its key", "CHATME_TLS_CERT", "CHATME_TLS_KEY")
	}

	checkOffer := func(env string, names []string) {
		if len(names) > offerMax {
			report(fmt.Sprintf("%s has %d names; at most %d are possible", env, len(names), offerMax), env)
		}
		if twice := repeated(names); twice != "" {
			report(fmt.Sprintf("%s names %s twice", env, twice), env)
		}
	}
	checkOffer("CHATME_TOPICS", c.Topics)
	checkOffer("CHATME_LANGUAGES", c.Languages)
	atMost(span("CHATME_OPEN_AFTER", c.OpenAfter), span("CHATME_LATE_AFTER", c.LateAfter), "a client first accepts others without a topic in common, and then all")

	ping := span("CHATME_PING_INTERVAL", c.PingInterval)
	less(ping, span("CHATME_DEAD_AFTER", c.DeadAfter), "a quiet client needs a ping to answer before it counts as away")
	less(ping, span("CHATME_DEAD_AFTER_OLD", c.DeadAfterOld), "a quiet client needs a ping to answer before it counts as gone")

	ttl := span("CHATME_SESSION_TTL", c.SessionTTL)
	atMost(span("CHATME_CHAT_WINDOW", c.ChatWindow), ttl, "a chat cannot outlive its sessions")
	atMost(span("CHATME_QUEUE_WINDOW", c.QueueWindow), ttl, "a place cannot outlive its session")
	atMost(span("CHATME_SLEEP_MAX", c.SleepMax), ttl, "an announced absence cannot outlive its session")

	// An auth with everything that a resume names is about 300 bytes.
	const leastFrame = Bytes(1 << 10)
	if c.FrameBeforeMatch < leastFrame {
		report(fmt.Sprintf("CHATME_FRAME_BEFORE_MATCH (%d bytes) must be at least %d: an auth must fit", c.FrameBeforeMatch, leastFrame), "CHATME_FRAME_BEFORE_MATCH")
	}
	before, largest := size("CHATME_FRAME_BEFORE_MATCH", c.FrameBeforeMatch), size("CHATME_FRAME_MAX", c.FrameMax)
	atMost(before, largest, "a match never lowers the limit")
	atMost(size("CHATME_TEXT_MAX", c.TextMax), before, "a text must fit into a frame")
	atMost(largest, size("CHATME_IN_FLIGHT_MAX", c.InFlightMax), "the largest frame must fit into the budget")

	ring, mailbox := size("CHATME_RING_BYTES", c.RingBytes), size("CHATME_MAILBOX_BYTES", c.MailboxBytes)
	less(largest, ring, "the largest message must fit")
	less(largest, mailbox, "the largest message must fit")
	atMost(ring, size("CHATME_RING_TOTAL", c.RingTotal), "one ring counts toward the total")
	atMost(mailbox, size("CHATME_MAIL_TOTAL", c.MailTotal), "one mailbox counts toward the total")

	atLeastOne("CHATME_RING_MESSAGES", c.RingMessages)
	atLeastOne("CHATME_MAILBOX_MESSAGES", c.MailboxMessages)
	atLeastOne("CHATME_OUTBOX_FRAMES", c.OutboxFrames)
	atLeastOne("CHATME_QUEUED_CHANGES", c.QueuedChanges)
	atLeastOne("CHATME_FAILED_KEYS", c.FailedKeys)

	rate := func(env string, r Rate, derived bool) {
		switch {
		case !derived && (r.Burst < 1 || r.Amount < 1):
			report(fmt.Sprintf("%s (%v) must have at least 1 on both sides of the comma", env, r), env)
		case r.tooSlow():
			report(fmt.Sprintf("%s (%v) takes more than ten years to allow its burst again; lower the burst", env, r), env)
		}
	}
	rate("CHATME_NETWORK_CONNECTS", c.NetworkConnects, true)
	rate("CHATME_NETWORK_SESSIONS", c.NetworkSessions, true)
	rate("CHATME_NETWORK_SEARCHES", c.NetworkSearches, false)
	rate("CHATME_NETWORK_BYTES", Rate(c.NetworkBytes), false)
	rate("CHATME_SESSION_RESUMES", c.SessionResumes, false)
	rate("CHATME_SESSION_MATCHES", c.SessionMatches, false)
	rate("CHATME_SOCKET_FRAMES", c.SocketFrames, false)
	rate("CHATME_SOCKET_MESSAGES", c.SocketMessages, false)
	rate("CHATME_SOCKET_BYTES", Rate(c.SocketBytes), false)
	rate("CHATME_SOCKET_PINGS", c.SocketPings, false)
	atLeastOne("CHATME_NETWORK_SHARE", c.NetworkShare)
	atLeastOne("CHATME_REPEATED_AUTHS", c.RepeatedAuths)
	const waitsOf = 90 * time.Second
	if c.RateWaits.Duration > waitsOf {
		report(fmt.Sprintf("CHATME_RATE_WAITS (%s) must not be more than %s: that is how long the waits of a socket are remembered", shortSpan(c.RateWaits.Duration), shortSpan(waitsOf)), "CHATME_RATE_WAITS")
	}
	return found
}

// shortSpan formats 2m, not 2m0s.
func shortSpan(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
