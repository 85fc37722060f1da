package client

import (
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"
)

// As in OkHttp, a pong overtakes what waits behind the message being written, and answers only the newest ping.
func TestQueuedPongOvertakesWaitingMessages(t *testing.T) {
	q := newQueue()
	for _, text := range []string{"one", "two", "three"} {
		check(t, q.push([]byte(text)))
	}
	q.pong(ping{1, "p1"})
	q.pong(ping{2, "p2"})
	var got []string
	for range 3 {
		text, p, ok := q.next()
		if got = append(got, string(text)); p != nil {
			got = append(got, p.data)
		}
		if !ok {
			t.Fatal("closed")
		}
	}
	q.pong(ping{3, "p3"}) // with nothing to overtake
	if _, p, _ := q.next(); p != nil {
		got = append(got, p.data)
	}
	if want := []string{"one", "p2", "two", "three", "p3"}; !reflect.DeepEqual(got, want) {
		t.Errorf("written %q, want %q", got, want)
	}
	check(t, q.push([]byte("lost")))
	q.close()
	if _, _, ok := q.next(); ok || q.push([]byte("late")) == nil {
		t.Error("a closed queue continues")
	}
}

func TestQueueIsBounded(t *testing.T) {
	q := newQueue()
	check(t, q.push(make([]byte, mostQueued)))
	if q.push([]byte("more")) == nil {
		t.Error("accepted more than OkHttp does")
	}
	q.next()
	check(t, q.push([]byte("again")))
}

func TestQueuedClientWritesInOrder(t *testing.T) {
	c, p := newStage(t).connect(t, Options{APIKey: "k", Legacy: true, Queued: true})
	var pongs []string
	p.ws.SetPongHandler(func(data string) error { pongs = append(pongs, data); return nil })
	check(t, p.ws.WriteControl(websocket.PingMessage, []byte("7"), soon()))
	p.says(`{"type":"pong"}`)
	must(c.Expect(testContext(t), "pong"))(t)
	check(t, c.Search())
	must(c.SendPhoto("hi", "data:image/png;base64,"+strings.Repeat("abcd", 20_000)))(t)
	check(t, c.Ping())
	p.hears(`{"type":"auth","apiKey":"k"}`, `{"type":"search"}`,
		`{"type":"message","text":"hi","imageUrl":"data:image/png;base64,`+strings.Repeat("abcd", 20_000)+`"}`, `{"type":"ping"}`)
	if !reflect.DeepEqual(pongs, []string{"7"}) {
		t.Errorf("pongs %q", pongs)
	}
	c.Drop()
	<-c.Done()
	if _, err := c.Send("late"); err == nil {
		t.Error("queued on an ended socket")
	}
}

func TestSlowReaderReadsLittleAtATime(t *testing.T) {
	var mu sync.Mutex
	reads, total := 0, 0
	c, p := newStage(t).connect(t, Options{NoAuth: true, Slowly: func(n int) {
		mu.Lock()
		defer mu.Unlock()
		if n > slowRead {
			t.Errorf("%d bytes at once", n)
		}
		reads, total = reads+1, total+n
	}})
	image := "data:image/png;base64," + strings.Repeat("abcd", 50_000)
	p.says(`{"type":"message","imageUrl":"` + image + `","from":"p1"}`)
	if m := must(c.Expect(testContext(t), "message"))(t); m.ImageURL != image {
		t.Errorf("%d bytes arrived", len(m.ImageURL))
	}
	mu.Lock()
	defer mu.Unlock()
	if total < len(image) || reads < len(image)/slowRead {
		t.Errorf("%d bytes in %d reads", total, reads)
	}
}

// Ponged gets the number of messages before an answered ping, and is called only for pings with a number.
func TestPongedGetsTheMessagesBeforeThePing(t *testing.T) {
	behind := make(chan int, 8) // more than the pings
	c, p := newStage(t).connect(t, Options{NoAuth: true, Ponged: func(n int) { behind <- n }})
	ping := func(data string) {
		check(t, p.ws.WriteControl(websocket.PingMessage, []byte(data), soon()))
	}
	ping("1")
	p.says(`{"type":"searching"}`, `{"type":"matched","partnerId":"p1"}`)
	ping("2")
	ping("")
	p.says(`{"type":"pong"}`)
	must(c.Await(testContext(t), "pong"))(t)
	c.Drop()
	<-c.Done()
	close(behind)
	var got []int
	for n := range behind {
		got = append(got, n)
	}
	if want := []int{0, 2}; !reflect.DeepEqual(got, want) {
		t.Errorf("pongs behind %v messages, want %v", got, want)
	}
}

func TestVanishedClientDoesNotAnswerPings(t *testing.T) {
	c, p := newStage(t).connect(t, Options{NoAuth: true})
	pongs := 0
	p.ws.SetPongHandler(func(string) error { pongs++; return nil })
	c.Vanish()
	check(t, p.ws.WriteControl(websocket.PingMessage, []byte("1"), soon()))
	check(t, p.ws.WriteControl(websocket.PingMessage, nil, soon()))
	p.says(`{"type":"pong"}`)
	must(c.Expect(testContext(t), "pong"))(t)
	check(t, c.Ping()) // its socket is still open
	p.hears(`{"type":"ping"}`)
	if pongs != 0 {
		t.Errorf("%d pongs", pongs)
	}
}
