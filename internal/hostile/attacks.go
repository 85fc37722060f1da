package hostile

import (
	"context"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// attack is one way to attack.
type attack struct {
	name, what string
	victim     bool // an honest client searches, and the attack is to meet it
	run        func(*front)
}

const bodyHead = "\r\nHost: x\r\nX-Forwarded-For: " + attackAddress + "\r\n"

// attacks are all of them. Each was once enough to take the server from everybody.
var attacks = []attack{
	{"idle", "no attack: only the processors are busy", false, spin},
	{"elsewhere", "no attack: 2,100 connections to another listener", false, elsewhere},
	{"body", "2,100 POST without their bodies", false, requests("POST / HTTP/1.1"+bodyHead+"Content-Length: 100\r\n\r\n", 1, "")},
	{"chunked", "2,100 POST with half a chunk", false, requests("POST / HTTP/1.1"+bodyHead+"Transfer-Encoding: chunked\r\n\r\n5\r\nab", 1, "")},
	{"get-body", "2,100 GET without the bodies that they announce", false, requests("GET / HTTP/1.1"+bodyHead+"Content-Length: 100\r\n\r\n", 1, "")},
	{"unread", "2,100 sockets with 200 GET each, whose answers are not read", false, requests("GET /chatme.js HTTP/1.1"+bodyHead+"\r\n", 200, "\r\n")},
	{"one-byte", "1,100 sockets that send one byte of a frame after auth", false, oneByte},
	{"sockets", "1,936 authenticated sockets", false, sockets},
	{"pictures", "14 chats in which 15 MiB pictures are never acknowledged", false, pictures},
	{"half", "16 half-sent frames of 15 MiB", false, halves},
	{"mailboxes", "36 partners leave, and their mailboxes are filled with pictures", false, mailboxes},
	{"claim", "acked: 2^53 on resume, and messages without n", true, claims},
	{"texts", "20,000 texts to one honest partner", true, texts},
	{"sessions", "4,200 new sessions a second that do not search", false, newSessions(false)},
	{"searches", "4,200 new sessions a second that search", false, newSessions(true)},
	{"resumes", "a session that resumes in a loop", true, resumes},
	{"bots", "200 clients that press Next at once", false, bots},
}

func attackNamed(name string) *attack {
	for i := range attacks {
		if attacks[i].name == name {
			return &attacks[i]
		}
	}
	return nil
}

// spin keeps all processors busy.
func spin(f *front) {
	f.ready()
	for range runtime.NumCPU() {
		f.running.Go(func() {
			for n := 0; ; n++ {
				if n%(1<<20) == 0 && f.ctx.Err() != nil {
					return
				}
			}
		})
	}
}

// elsewhere is what the system and the processors do with a wave of connections, without the server.
func elsewhere(f *front) {
	sink, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.failed(err)
		f.ready()
		return
	}
	context.AfterFunc(f.ctx, func() { sink.Close() })
	f.running.Go(func() {
		for {
			conn, err := sink.Accept()
			if err != nil {
				return
			}
			context.AfterFunc(f.ctx, func() { conn.Close() })
		}
	})
	f.at = sink.Addr().String()
	requests("POST / HTTP/1.1"+bodyHead+"Content-Length: 100\r\n\r\n", 1, "")(f)
}

// requests opens connections, sends first this many times and reads no answers while more is sent ten times a second.
func requests(first string, times int, more string) func(*front) {
	return func(f *front) {
		f.ready()
		f.waves(2100, func() error {
			conn, err := f.connect()
			if err != nil {
				return err
			}
			defer conn.Close()
			if times > 1 {
				conn.(*net.TCPConn).SetReadBuffer(4 << 10) // so that it fills up soon
			}
			_, err = io.WriteString(conn, strings.Repeat(first, times))
			for more != "" && err == nil && f.wait(100*time.Millisecond) {
				_, err = io.WriteString(conn, more)
			}
			if err == nil {
				io.Copy(io.Discard, conn)
			}
			if f.ctx.Err() == nil {
				f.count("closed")
			}
			return nil
		})
	}
}

func oneByte(f *front) {
	f.ready()
	f.waves(1100, func() error {
		s, _, err := f.enter()
		if err != nil {
			return err
		}
		defer s.conn.Close()
		if err := s.raw(string([]byte{frameFinal | websocket.TextMessage})); err != nil {
			return err
		}
		return s.listen()
	})
}

func sockets(f *front) {
	f.ready()
	f.waves(1936, func() error {
		s, _, err := f.enter()
		if err != nil {
			return err
		}
		defer s.conn.Close()
		f.count("entered")
		return s.listen()
	})
}

// newSessions opens sockets that leave once they have a session.
func newSessions(search bool) func(*front) {
	return func(f *front) {
		f.ready()
		const workers = 64
		every := time.Second / time.Duration(f.scaled(4200))
		began, number := time.Now(), atomic.Int64{}
		for range workers {
			f.running.Go(func() {
				for f.ctx.Err() == nil {
					if early := time.Until(began.Add(time.Duration(number.Add(1)) * every)); early > 0 && !f.wait(early) {
						return
					}
					f.failed(newSession(f, search))
				}
			})
		}
	}
}

func newSession(f *front, search bool) error {
	s, _, err := f.enter()
	if err != nil {
		return err
	}
	defer s.conn.Close()
	f.count("sessions")
	if !search {
		return nil
	}
	if err := s.say(`{"type":"search"}`); err != nil {
		return err
	}
	s.conn.SetReadDeadline(time.Now().Add(time.Second))
	if m, err := s.hear(); err == nil {
		f.count(m.Type)
	} else {
		f.count("search unanswered")
	}
	return nil
}

func bots(f *front) {
	entered := make(chan struct{}, f.scaled(200))
	for range f.scaled(200) {
		f.running.Go(func() {
			m, err := f.searching()
			entered <- struct{}{}
			for err == nil {
				if err = m.meets(time.Hour); err == nil {
					f.count("matches")
					err = m.say(fmt.Sprintf(`{"type":"search","partnerId":%q}`, m.partner))
				}
			}
			f.failed(err)
		})
	}
	for range f.scaled(200) {
		<-entered
	}
	f.ready()
}
