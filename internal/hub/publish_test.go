package hub

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"chatme/internal/chat"
	"chatme/internal/tail"
)

// listen returns a listener to h, before anything happens there.
func listen(t *testing.T, h *Hub) *tail.Listener {
	t.Helper()
	h.cfg.Tail = new(tail.Feed)
	l, err := h.cfg.Tail.Listen(tail.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// hears checks that exactly these events are next: type, what and reason, ms, count.
func hears(t *testing.T, when string, l *tail.Listener, want ...string) {
	t.Helper()
	synctest.Wait()
	var got []string
	for l.Waiting() {
		e, err := l.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Join(strings.Fields(fmt.Sprint(e.Type, " ", e.What, " ", e.Reason, " ", e.Kind)), " ")
		if e.Bytes != 0 {
			text += fmt.Sprintf(" %d bytes", e.Bytes)
		}
		if e.MS != 0 {
			text += fmt.Sprintf(" %d ms", e.MS)
		}
		if e.Count != 0 {
			text += fmt.Sprintf(" ×%d", e.Count)
		}
		got = append(got, text)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: heard\n%s\nwant\n%s", when, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestTailHearsOfCommits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHeldStore()
		h := openHub(t, s, 10_000, nil)
		l := listen(t, h)
		attach(t, h, 1, true)
		search(h, 1)
		<-s.enter
		hears(t, "while it is committed", l, "auth resumable", "search")
		time.Sleep(slowCommit - time.Millisecond)
		s.verdict <- nil
		hears(t, "after a quick one", l)

		do(h, chat.Command{Op: chat.Detach, Conn: 1})
		<-s.enter
		time.Sleep(slowCommit)
		s.verdict <- passing{errors.New("disk full")}
		hears(t, "after a failure", l, "away waiting", "commit slow 250 ms ×1", "commit fails disk full")
		<-s.enter
		s.verdict <- passing{errors.New("disk full")}
		hears(t, "after another", l)
		<-s.enter
		s.verdict <- nil
		hears(t, "after a success", l, "commit works again")
		s.setFree()
		stopHub(t, h)
	})
}

func TestTailHearsOfChats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHeldStore()
		s.setFree()
		h := openHub(t, s, 10_000, nil)
		l := listen(t, h)
		attach(t, h, 1, true)
		attach(t, h, 2, true)
		search(h, 1)
		time.Sleep(time.Second)
		search(h, 2)
		hears(t, "two sessions are matched", l, "auth resumable", "auth resumable", "search", "search", "matched 1000 ms", "matched")

		say(h, 1, 1)
		say(h, 1, 1) // again
		say(h, 1, 7) // too far ahead
		do(h, chat.Command{Op: chat.Send, Conn: 2, N: 1, Image: "data:image/png;base64,AAAA"})
		do(h, chat.Command{Op: chat.Typing, Conn: 2, Start: true})
		do(h, chat.Command{Op: chat.Ack, Conn: 2, Got: 1})
		hears(t, "messages", l, "message relayed text 5 bytes", "error gap", "message relayed image 26 bytes")

		do(h, chat.Command{Op: chat.Detach, Conn: 2})
		say(h, 1, 2)
		hears(t, "one goes away", l, "away paired", "message held text 5 bytes")
		time.Sleep(2 * time.Minute)
		hears(t, "and stays away", l, "ended stayed away")

		e := attach(t, h, 3, false)
		do(h, chat.Command{Op: chat.Send, Conn: 3, Text: "to nobody"})
		time.Sleep(2 * time.Second)
		do(h, chat.Command{Op: chat.Pong, Conn: 3, N: math.MaxUint64}) // it is settled
		hears(t, "a legacy client without a partner writes", l, "auth old", "matched 2000 ms", "matched 2000 ms")
		if found := h.Named(hashOf(3).String()); len(found) != 1 || found[0] != hashOf(3) {
			t.Errorf("named %v", found)
		}
		if was, ok, err := h.Kick(t.Context(), hashOf(3)); err != nil || !ok || was.State != chat.Paired || !was.Here {
			t.Errorf("kicked %+v, %v, %v", was, ok, err)
		}
		hears(t, "after a kick", l, "kick", "ended kicked")
		if kinds := e.kinds(); kinds[len(kinds)-1] != chat.Close {
			t.Errorf("the kicked client heard %v, want the close last", kinds)
		}
		if _, ok, err := h.Kick(t.Context(), hashOf(9)); ok || err != nil {
			t.Errorf("kicking an unknown session: %v, %v", ok, err)
		}
		hears(t, "nothing is kicked", l)
		stopHub(t, h)
	})
}

// A chat that both sides have left is reported once.
func TestTailHearsOfAbandonedChats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHeldStore()
		s.setFree()
		h := openHub(t, s, 10_000, nil)
		couple(t, h, s)
		l := listen(t, h)
		do(h, chat.Command{Op: chat.Detach, Conn: 1})
		do(h, chat.Command{Op: chat.Detach, Conn: 2})
		hears(t, "both go away", l, "away paired", "away paired")
		time.Sleep(3 * time.Minute)
		hears(t, "and stay away", l, "ended stayed away")
		stopHub(t, h)
	})
}

// The tail hears that a session begins or ceases to stand out, and of which network sessions are.
func TestTailHearsOfStanding(t *testing.T) {
	for want, fact := range map[string]chat.Fact{
		"stands out":           {Kind: chat.FactStanding, Session: hashOf(1), Network: 7, StandsOut: true},
		"no longer stands out": {Kind: chat.FactStanding, Session: hashOf(1), Network: 7},
	} {
		if e := eventOf(&fact); e.Type != tail.Standing || e.What != want || e.Network != 7 || e.Session != hashOf(1) {
			t.Errorf("%+v is published as %+v, want %q", fact, e, want)
		}
	}
	if e := eventOf(&chat.Fact{Kind: chat.FactAttached, Network: 7}); e.Network != 7 {
		t.Errorf("an auth is published as %+v", e)
	}
}
