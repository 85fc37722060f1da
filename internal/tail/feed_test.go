package tail

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"chatme/internal/chat"
	"chatme/internal/pace"
)

var (
	ada = chat.Hash{0xad, 0xa0, 0x00, 0x01}
	bob = chat.Hash{0xb0, 0xb0, 0x00, 0x02}
)

// mustListen listens for what the query asks, until the test ends.
func mustListen(t *testing.T, f *Feed, query string) *Listener {
	t.Helper()
	q, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	filter, err := ParseFilter(q)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := ParseFilter(filter.Query()); err != nil || !reflect.DeepEqual(again, filter) {
		t.Errorf("%q reads as %+v and then as %+v, %v", query, filter, again, err)
	}
	l, err := f.Listen(filter)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// heard returns the types of the lines that are there.
func heard(t *testing.T, l *Listener) (types []Type) {
	t.Helper()
	for l.Waiting() {
		line, err := l.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		types = append(types, line.Type)
	}
	return types
}

func TestFilter(t *testing.T) {
	events := []Event{
		{Type: Upgrade, Conn: 1},
		{Type: Upgrade, Failed: true, Reason: "origin"},
		{Type: Matched, Session: ada, With: bob},
		{Type: Error, Session: bob, Failed: true},
	}
	for query, want := range map[string][]Type{
		"":                            {Upgrade, Upgrade, Matched, Error},
		"status=error":                {Upgrade, Error},
		"status=ok&type=upgrade":      {Upgrade},
		"type=error&type=matched":     {Matched, Error},
		"session=s_ada00001":          {Matched},
		"session=S_B0":                {Matched, Error},
		"session=b0b00003":            nil,
		"session=0000":                nil, // none is not a session
		"session=b0&status=error":     {Error},
		"type=closed":                 nil,
		"type=matched&session=b0b000": {Matched},
	} {
		f := new(Feed)
		l := mustListen(t, f, query)
		for _, e := range events {
			f.Publish(e)
		}
		if got := heard(t, l); !slices.Equal(got, want) {
			t.Errorf("%q hears %q, want %q", query, got, want)
		}
	}
	for query, want := range map[string]string{
		"type=messages":       `unknown type "messages"; use one of upgrade auth`,
		"status=bad":          `unknown status "bad"; use ok or error`,
		"session=s_":          "s_ and eight digits",
		"session=s_xyz":       "s_ and eight digits",
		"session=s_0123abcd0": "s_ and eight digits",
	} {
		q, _ := url.ParseQuery(query)
		if _, err := ParseFilter(q); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", query, err, want)
		}
	}
}

// A slow listener loses events that have no room, and is told how many, in their place.
func TestSlowListenerIsTold(t *testing.T) {
	f := new(Feed)
	slow, quick := mustListen(t, f, ""), mustListen(t, f, "")
	for range ringSize + 7 {
		f.Publish(Event{Type: Message})
		if got := heard(t, quick); len(got) != 1 {
			t.Fatalf("the quick one hears %q of one event", got)
		}
	}
	for range ringSize {
		if line, _ := slow.Next(t.Context()); line.Type != Message {
			t.Fatalf("%+v, want a message", line)
		}
	}
	f.Publish(Event{Type: Search})
	if line, _ := slow.Next(t.Context()); line.Type != Lost || line.Count != 7 || line.Status != StatusError {
		t.Errorf("%+v, want 7 lost", line)
	}
	if line, _ := slow.Next(t.Context()); line.Type != Search {
		t.Errorf("%+v, want what came after", line)
	}
	for range ringSize + 2 {
		f.Publish(Event{Type: Message})
	}
	for range ringSize {
		slow.Next(t.Context())
	}
	if line, _ := slow.Next(t.Context()); line.Type != Lost || line.Count != 2 {
		t.Errorf("%+v, want 2 lost, although nothing follows", line)
	}
}

// A line names a network as the Feed does, and none if the socket has none.
func TestLineNamesNetwork(t *testing.T) {
	f := &Feed{Network: func(id uint64) string { return fmt.Sprintf("n_%06x", id) }}
	l := mustListen(t, f, "")
	for id, want := range map[uint64]string{0xabc: "n_000abc", 0: ""} {
		f.Publish(Event{Type: Upgrade, Network: id})
		if line, err := l.Next(t.Context()); err != nil || line.Network != want {
			t.Errorf("network %x: %q, %v; want %q", id, line.Network, err, want)
		}
	}
	for range ringSize + 1 {
		f.Publish(Event{Type: Upgrade, Network: 1})
	}
	for range ringSize {
		l.Next(t.Context())
	}
	f.Publish(Event{Type: Upgrade, Network: 2})
	l.Next(t.Context()) // how many were lost
	if line, _ := l.Next(t.Context()); line.Network != "n_000002" {
		t.Errorf("after lost ones: %+v", line)
	}
}

// While listeners come, go and are slow, each event either reaches a listener or is counted as lost.
func TestEveryEventIsHeardOrCounted(t *testing.T) {
	f := new(Feed)
	const publishers, each = 4, 2000
	l := mustListen(t, f, "type=message")
	var publishing, passing sync.WaitGroup
	for range publishers {
		publishing.Go(func() {
			for range each {
				f.Publish(Event{Type: Message})
			}
		})
	}
	passing.Go(func() {
		for range 50 {
			if other, err := f.Listen(Filter{}); err == nil {
				other.Close()
			}
		}
	})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		publishing.Wait()
		passing.Wait()
		ctx, cancel := pace.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		f.Close(ctx)
		if ctx.Err() != nil {
			t.Error("Close did not see the listener go")
		}
	}()
	count := int64(0)
	for {
		line, err := l.Next(t.Context())
		if errors.Is(err, ErrClosed) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if line.Type == Lost {
			count += line.Count
		} else {
			count++
		}
	}
	l.Close()
	<-ended
	if count != publishers*each {
		t.Errorf("%d events are heard or counted, want %d", count, publishers*each)
	}
	if f.Active() {
		t.Error("a listener remains")
	}
	if _, err := f.Listen(Filter{}); !errors.Is(err, ErrClosed) {
		t.Errorf("listening to a closed feed: %v", err)
	}
}

func TestListenersAreBounded(t *testing.T) {
	f := new(Feed)
	for range maxListeners {
		mustListen(t, f, "")
	}
	if _, err := f.Listen(Filter{}); !errors.Is(err, ErrFull) {
		t.Errorf("one too many: %v", err)
	}
}

// A listener that does not read blocks neither publishers nor, beyond its limit, the shutdown.
func TestStuckListenerBlocksNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(Feed)
		stuck := mustListen(t, f, "")
		began := time.Now()
		for range 10 * ringSize {
			f.Publish(Event{Type: Message})
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("publishing took %v", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		f.Close(ctx)
		if took := time.Since(began); took != time.Second {
			t.Errorf("Close took %v, want all of its second", took)
		}
		stuck.Close()
		synctest.Wait()
	})
}

func TestServeHTTP(t *testing.T) {
	f := new(Feed)
	h := httptest.NewServer(f)
	defer h.Close()
	if resp, err := http.Get(h.URL + "?type=x"); err != nil || resp.StatusCode != http.StatusBadRequest {
		t.Errorf("an unknown type: %v, %v", resp, err)
	}
	resp, err := http.Get(h.URL + "?session=s_ada0")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	f.Publish(Event{Type: Matched, Session: ada, With: bob, MS: 1200})
	f.Publish(Event{Type: Search, Session: bob})
	lines := bufio.NewReader(resp.Body)
	text, err := lines.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	var line map[string]any
	if err := json.Unmarshal([]byte(text), &line); err != nil {
		t.Fatal(err)
	}
	if _, err := time.Parse(time.RFC3339Nano, line["time"].(string)); err != nil {
		t.Error(err)
	}
	delete(line, "time")
	want := map[string]any{"type": "matched", "status": "ok", "session": "s_ada00001", "with": "s_b0b00002", "ms": 1200.0}
	if !reflect.DeepEqual(line, want) {
		t.Errorf("%v, want %v", line, want)
	}
	f.Publish(Event{Type: Server, What: "stopping"}) // not asked for
	f.Publish(Event{Type: Search, Session: ada})
	f.Close(t.Context())
	rest, err := io.ReadAll(lines)
	if err != nil || strings.Count(string(rest), "\n") != 1 || !strings.Contains(string(rest), "search") {
		t.Errorf("the rest is %q, %v; want one search and a clean end", rest, err)
	}
	if resp, err := http.Get(h.URL); err != nil || resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("once it is closed: %v, %v", resp, err)
	}
}

// BenchmarkNobodyListens measures the cost of an event without listeners, for the publisher.
func BenchmarkNobodyListens(b *testing.B) {
	f := new(Feed)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if f.Active() {
			f.Publish(Event{Type: Message, Session: ada, With: bob, What: "relayed", Kind: "text", Bytes: int64(i)})
		}
	}
}

// BenchmarkOneListens measures the cost with a slow listener, which is the more expensive case.
func BenchmarkOneListens(b *testing.B) {
	f := new(Feed)
	l, err := f.Listen(Filter{})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if f.Active() {
			f.Publish(Event{Type: Message, Session: ada, With: bob, What: "relayed", Kind: "text", Bytes: int64(i)})
		}
	}
}

// Neither may allocate.
func TestPublishAllocatesNothing(t *testing.T) {
	f := new(Feed)
	publish := func() {
		if f.Active() {
			f.Publish(Event{Type: Message, Session: ada, With: bob, What: "relayed", Kind: "text", Bytes: 12})
		}
	}
	if n := testing.AllocsPerRun(1000, publish); n != 0 {
		t.Errorf("%v allocations an event without listeners", n)
	}
	mustListen(t, f, "type=message&session=s_ad")
	if n := testing.AllocsPerRun(2*ringSize, publish); n != 0 {
		t.Errorf("%v allocations an event with a listener", n)
	}
}
