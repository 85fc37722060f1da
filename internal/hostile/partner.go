package hostile

import (
	"fmt"
	"time"
)

// Attacks on the honest client that is the attacker's partner.

// meetVictim meets the honest client that searches. open opens the socket that does.
func (f *front) meetVictim(open func() (*member, error)) (*member, bool) {
	m, err := open()
	if err == nil {
		err = m.meets(enterWithin)
	}
	if err != nil {
		f.failed(err)
		f.ready()
		return nil, false
	}
	f.ready()
	return m, true
}

// resume opens a socket for m's session, whose present socket is replaced.
func (f *front) resume(m *member, acked int64) (*socket, error) {
	s, hello, err := f.authenticate(fmt.Sprintf(resumable+`,"sessionId":%q,"epoch":%q,"partnerId":%q,"got":0,"acked":%d}`,
		m.session.SessionID, m.session.Epoch, m.partner, acked), "resumed", "session_id")
	if err == nil && hello.Type == "session_id" {
		f.count("not resumed")
	}
	return s, err
}

func claims(f *front) {
	m, ok := f.meetVictim(f.searching)
	if !ok {
		return
	}
	f.running.Go(func() {
		for f.wait(50 * time.Millisecond) {
			f.count("claims")
			s, err := f.resume(m, 1<<53)
			if err == nil {
				f.count("believed")
				for range 10 {
					s.say(fmt.Sprintf(`{"type":"message","partnerId":%q,"text":"no number"}`, m.partner))
				}
				s.conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
				err = s.listen()
				s.conn.Close()
			}
			f.failed(err)
		}
	})
}

// texts writes as a legacy client, to which the server cannot say that the ring is full.
func texts(f *front) {
	m, ok := f.meetVictim(func() (*member, error) {
		s, _, err := f.authenticate("", "auth_success")
		if err != nil {
			return nil, err
		}
		return &member{socket: s}, s.say(`{"type":"search"}`)
	})
	if !ok {
		return
	}
	f.running.Go(func() { f.failed(m.listen()) })
	f.running.Go(func() {
		for n := range f.scaled(20_000) {
			if m.say(fmt.Sprintf(`{"type":"message","text":"%0100d"}`, n)) != nil {
				return
			}
			f.count("texts")
		}
	})
}

func resumes(f *front) {
	m, ok := f.meetVictim(f.searching)
	if !ok {
		return
	}
	f.running.Go(func() {
		for f.ctx.Err() == nil {
			s, err := f.resume(m, 0)
			if err == nil {
				s.conn.Close()
				f.count("resumes")
			}
			f.failed(err)
		}
	})
}
