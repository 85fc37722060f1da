package ws_test

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"chatme/internal/pace"
	"chatme/internal/testbed"
	"chatme/internal/testbed/sockets"
	"chatme/internal/testcard"

	"github.com/gorilla/websocket"
)

func photo(digit string) string { return photoOf(digit, sockets.PhotoBytes) }

func photoOf(digit string, n int) string { return testcard.URI(strings.Repeat(digit, n)) }

func (m *member) photo(n int, digit string) string {
	return fmt.Sprintf(`{"type":"message","partnerId":%q,"n":%d,"imageUrl":%q}`, m.partner, n, photo(digit))
}

func TestNextWhilePartnerOutboxIsFull(t *testing.T) {
	s := sockets.Open(t)
	s.Deaf(t)
	a, b := s.Pair(t)
	s.Stuffed(t, a, sockets.Image(photo("1")))
	a.Send(`{"type":"search"}`)
	a.Expect("searching")
	s.StillStuffed(t)
	b.Listens()
	if m := b.Expect("message"); m.ImageURL != photo("1") {
		t.Error("the photo did not arrive whole")
	}
	b.Expect("partner_disconnected")
}

func TestEndWhilePartnerOutboxIsFull(t *testing.T) {
	s := sockets.Open(t)
	s.Deaf(t)
	a, b := s.Pair(t)
	s.Stuffed(t, a, sockets.Image(photo("1")))
	a.Send(`{"type":"end_chat"}`)
	a.Expect("chat_ended")
	a.ExpectClose(1000, "Chat ended")
	s.StillStuffed(t)
	b.Listens()
	b.Expect("message")
	b.Expect("partner_disconnected")
}

func TestTypingAndPingWhilePartnerOutboxIsFull(t *testing.T) {
	s := sockets.Open(t)
	s.Deaf(t)
	a, b := s.Pair(t)
	s.Stuffed(t, a, sockets.Image(photo("1")))
	a.Send(sockets.Text("and this is where"))
	a.Send(`{"type":"typing_start"}`)
	a.Quiet()
	ponged := false
	a.Socket.SetPongHandler(func(data string) error { ponged = data == "there"; return nil })
	testbed.Must(t, a.Socket.WriteControl(websocket.PingMessage, []byte("there"), time.Now().Add(pace.Of(sockets.Patience))))
	a.Quiet()
	if !ponged {
		t.Error("a WebSocket ping was not answered")
	}
	s.StillStuffed(t)
	b.Listens()
	b.Expect("message")
	b.Expect("message")
	b.Expect("typing_start")
}

// Events that do not wait must not fill the outbox either: of typing events and acks the latest counts.
func TestTypingFloodDoesNotCutASlowReader(t *testing.T) {
	s := sockets.Open(t)
	s.Deaf(t)
	a, b := couple(t, s)
	s.Stuffed(t, a.Person, a.photo(1, "1"))
	const many = 200
	for n := 1; n <= many; n++ {
		a.Send(`{"type":"typing_start"}`)
		b.says(n, "x") // b writes, and reads nothing
		a.hears(uint64(n), "x")
		a.acks(n)
		a.Send(`{"type":"typing_stop"}`)
	}
	a.says(2, "after it")
	a.Send(`{"type":"typing_start"}`)
	a.Quiet()
	s.StillStuffed(t)
	b.Listens()
	if m := b.Expect("message"); m.N != 1 {
		t.Fatalf("received %+v, want the photo", m)
	}
	typing, delivered := "", uint64(0)
	for frames := 0; typing != "typing_start"; frames++ {
		m, err := b.Next()
		testbed.Must(t, err)
		switch m.Type {
		case "ack":
			delivered = m.Delivered
		case "message":
			if m.Text != "after it" {
				t.Errorf("received %q", m.Text)
			}
		default:
			typing = m.Type
		}
		if frames > 64 {
			t.Fatal("more events than an outbox holds")
		}
	}
	if delivered != many {
		t.Errorf("the last ack was for %d, want %d", delivered, many)
	}
}

// Messages of any size wait for room and no reader is cut off.
func TestMessagesWaitForRoom(t *testing.T) {
	s := sockets.Open(t)
	s.Deaf(t)
	a, b := couple(t, s)
	sizes := []int{100 << 10, 200 << 10, 250 << 10, 256 << 10, 300 << 10, 100, 1 << 20, 130 << 10, 100 << 10}
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		for n := range 40 {
			a.Send(fmt.Sprintf(`{"type":"message","partnerId":%q,"n":%d,"imageUrl":%q}`, a.partner, n+1,
				photoOf("A", sizes[n%len(sizes)])))
			a.Send(`{"type":"typing_start"}`)
		}
	}()
	b.Listens()
	for n := 1; n <= 40; {
		m, err := b.Next()
		testbed.Must(t, err)
		if m.Type != "message" {
			continue
		}
		if m.N != uint64(n) {
			t.Fatalf("message %d, want %d", m.N, n)
		}
		b.acks(n)
		n++
	}
	<-sent
}

// A client whose own outbox is full with a photo can still ping and press Next.
func TestNextWhileOwnOutboxIsFull(t *testing.T) {
	t.Parallel()
	s := sockets.Open(t)
	s.Deaf(t)
	a, b := s.Pair(t)
	s.Stuffed(t, a, sockets.Image(photo("1")))
	for range 10 {
		b.Send(`{"type":"ping"}`)
	}
	b.Send(`{"type":"search"}`)
	a.Expect("partner_disconnected")
	s.StillStuffed(t)
}

// A client that gives up without a timely answer to its ping stays connected while it is sent a photo.
func TestPongBetweenFragments(t *testing.T) {
	s := sockets.Open(t)
	s.Deaf(t)
	a, b := s.Pair(t)
	s.Stuffed(t, a, sockets.Image(photo("1")))
	for n := range 100 { // more than need be answered
		testbed.Must(t, b.Socket.WriteControl(websocket.PingMessage, fmt.Append(nil, n), time.Now().Add(pace.Of(sockets.Patience))))
	}
	b.Send(`{"type":"typing_start"}`)
	a.Expect("typing_start") // so that the pings have been read
	s.StillStuffed(t)
	b.Listens()
	var pongs []string
	b.Socket.SetPongHandler(func(data string) error { pongs = append(pongs, data); return nil })
	b.Socket.SetReadDeadline(time.Now().Add(pace.Of(sockets.Patience)))
	_, r, err := b.Socket.NextReader()
	testbed.Must(t, err)
	n, err := io.CopyN(io.Discard, r, sockets.PhotoBytes) // not to its end
	if err != nil || len(pongs) == 0 || pongs[len(pongs)-1] != "99" {
		t.Errorf("%d bytes, %v; pongs %v, want only that of the latest ping", n, err, pongs)
	}
}
