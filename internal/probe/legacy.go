package probe

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"chatme/internal/client"
	"chatme/internal/testcard"
)

const (
	// probeText has what breaks first: quotes, a line feed, markup, characters beyond ASCII and beyond 16 bits.
	probeText = "chatme probe: \"quotes\", <b>markup</b>, äöü, 漢字, 🙂\nand a second line"
	// smallImage is a GIF of one pixel.
	smallImage = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
	// largeImage is the size of a photo in bytes: more than a frame may have before the first match.
	largeImage = 300 << 10
)

// legacyTour is the part with legacy clients: web and mobile as the apps are, and a third to match after Next.
type legacyTour struct {
	meeting
	third   *client.Client
	chat    [2]*client.Client // after that: the clients in a chat
	waiting *client.Client    // … and the one that is not
}

func (p *probe) legacyClients() probePart {
	t := &legacyTour{meeting: meeting{p: p, first: p.web(), other: p.mobile()}}
	again := &legacyTour{meeting: meeting{p: p, first: p.web(), other: p.mobile()}}
	return probePart{title: "Legacy clients, web and mobile", steps: []probeStep{
		{name: "web: auth and search in one burst get auth_success and searching", run: t.arriveFirst},
		{name: "mobile: auth gets auth_success", run: t.arriveOther},
		{name: "mobile: search matches both with each other, and each sees the other typing", run: t.meet, long: p.meetWithin()},
		{name: "a text from web to mobile", run: func(ctx context.Context) error { return say(ctx, t.a, t.b, t.aliasB) }},
		{name: "a text from mobile to web", run: func(ctx context.Context) error { return say(ctx, t.b, t.a, t.aliasA) }},
		{name: "an image from mobile to web, as a data URI", run: func(ctx context.Context) error { return t.show(ctx, t.b, t.a, smallImage) }},
		{name: "an image of 300 KiB from web to mobile", run: func(ctx context.Context) error { return t.show(ctx, t.a, t.b, photo()) }},
		{name: "ping gets pong", run: func(ctx context.Context) error { return expectQuiet(ctx, t.a) }},
		{name: "a WebSocket ping gets its pong", run: func(ctx context.Context) error { return t.a.PingSocket(ctx) }},
		{name: "a malformed frame and an unknown type are ignored", run: t.nonsense},
		{name: "web: search in a chat (Next) gets searching, and mobile gets partner_disconnected", run: t.next},
		{name: "a third client is matched with one of the two that wait again", run: t.meetThird},
		{name: "end_chat gets chat_ended and close 1000, and the partner gets partner_disconnected", run: t.endChat},
		{name: "end_chat while waiting gets chat_ended and close 1000", run: t.endWaiting},
		{name: "two more clients are matched", run: func(ctx context.Context) error {
			if err := errors.Join(again.arriveFirst(ctx), again.arriveOther(ctx)); err != nil {
				return err
			}
			return again.meet(ctx)
		}, long: p.meetWithin()},
		{name: "one client loses its socket, and the other gets partner_disconnected at once", run: again.loseSocket},
	}}
}

// say sends a text from one client to the other, which knows the sender as alias.
func say(ctx context.Context, from, to *client.Client, alias string) error {
	if _, err := from.Send(probeText); err != nil {
		return err
	}
	m, err := to.Expect(ctx, "message")
	if err != nil {
		return err
	}
	return wantMessage(&m, probeText, alias, false)
}

// show sends an image and then a text: a server that relays no images drops only the image.
func (t *legacyTour) show(ctx context.Context, from, to *client.Client, image string) error {
	if _, err := from.SendImage(image); err != nil {
		return err
	}
	if _, err := from.Send(probeText); err != nil {
		return err
	}
	m, err := to.Expect(ctx, "message")
	if err != nil {
		return err
	}
	if m.ImageURL == "" && m.Text == probeText {
		return fmt.Errorf("%w: images are not relayed (CHATME_IMAGES=off?)", errNotOffered)
	}
	if m.ImageURL != image {
		return errors.New("the image is not the one that was sent")
	}
	_, err = to.Expect(ctx, "message")
	return err
}

// photo returns a data URI with an image of largeImage bytes.
func photo() string {
	return testcard.URI(base64.StdEncoding.EncodeToString([]byte(strings.Repeat("chatme probe", largeImage/12))))
}

func (t *legacyTour) nonsense(ctx context.Context) error {
	for _, frame := range []string{`{"type":"mess`, `{"type":"of a later time","x":[1,{}]}`} {
		if err := t.b.SendRaw([]byte(frame)); err != nil {
			return err
		}
	}
	return expectQuiet(ctx, t.b)
}

func (t *legacyTour) next(ctx context.Context) error {
	if err := t.a.Search(); err != nil {
		return err
	}
	if _, err := t.a.Expect(ctx, "searching"); err != nil {
		return fmt.Errorf("web: %w", err)
	}
	if err := awaitLeft(ctx, t.b); err != nil {
		return fmt.Errorf("mobile: %w", err)
	}
	return nil
}

// awaitLeft waits for partner_disconnected, possibly preceded by typing_stop.
func awaitLeft(ctx context.Context, c *client.Client) error {
	m, err := c.Expect(ctx, "typing_stop", "partner_disconnected")
	if err == nil && m.Type == "typing_stop" {
		_, err = c.Expect(ctx, "partner_disconnected")
	}
	return err
}

// meetThird makes a third client search. It is matched with one of the two that wait, which the server usually does not
// match with each other again so soon.
func (t *legacyTour) meetThird(ctx context.Context) error {
	var err error
	if t.third, err = t.p.connect(ctx, t.p.web()); err != nil {
		return err
	}
	if err := t.third.Search(); err != nil {
		return err
	}
	if _, err := t.third.Greet(ctx); err != nil {
		return err
	}
	if _, err := t.third.Expect(ctx, "searching"); err != nil {
		return err
	}
	in, out, err := matchedAmong(ctx, t.a, t.b, t.third)
	if err != nil {
		return err
	}
	chat := meeting{p: t.p, a: in[0], b: in[1]}
	if err := errors.Join(chat.compare(ctx, in[0], in[1]), chat.compare(ctx, in[1], in[0])); err != nil {
		return busyIfStranger(err)
	}
	t.chat, t.waiting = [2]*client.Client(in), out[0]
	return nil
}

// matchedAmong waits until two of the clients are matched, and returns them and the rest.
func matchedAmong(ctx context.Context, clients ...*client.Client) (in, out []*client.Client, err error) {
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	type result struct {
		c   *client.Client
		err error
	}
	results := make(chan result, len(clients))
	for _, c := range clients {
		go func() {
			_, err := c.Expect(waiting, "matched")
			results <- result{c, err}
		}()
	}
	for range clients {
		r := <-results
		switch {
		case r.err == nil:
			in = append(in, r.c)
		case len(in) >= 2:
			out = append(out, r.c)
		default:
			return nil, nil, fmt.Errorf("three clients are waiting, and no two are matched: %w", r.err)
		}
		if len(in) == 2 {
			cancel()
		}
	}
	if len(out) == 0 {
		return nil, nil, errBusy
	}
	return in, out, nil
}

func (t *legacyTour) endChat(ctx context.Context) error {
	if err := expectEnd(ctx, t.chat[0]); err != nil {
		return err
	}
	return awaitLeft(ctx, t.chat[1])
}

// expectEnd ends the session of c. c may be in the queue, so expectEnd ignores what comes before chat_ended.
func expectEnd(ctx context.Context, c *client.Client) error {
	if err := c.End(); err != nil {
		return err
	}
	if _, err := c.Await(ctx, "chat_ended"); err != nil {
		return err
	}
	return expectClose(ctx, c, 1000)
}

func (t *legacyTour) endWaiting(ctx context.Context) error {
	return errors.Join(expectEnd(ctx, t.chat[1]), expectEnd(ctx, t.waiting))
}

func (t *legacyTour) loseSocket(ctx context.Context) error {
	t.b.Drop()
	return awaitLeft(ctx, t.a)
}
