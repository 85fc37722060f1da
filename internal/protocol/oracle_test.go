package protocol

import (
	"bytes"
	"encoding/json"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	"chatme/internal/chat"
)

// oracle decodes with encoding/json, as simply as possible, what Decode decodes by hand.
type oracle struct {
	members map[string]json.RawMessage
	wrong   bool // a requested value has another type
	unsure  bool // a number that is too expensive to compute exactly
}

// newOracle returns false unless data is one JSON object.
func newOracle(data []byte) (*oracle, bool) {
	o := new(oracle)
	if !bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{")) {
		return nil, false
	}
	return o, json.Unmarshal(data, &o.members) == nil
}

func (o *oracle) has(name string) bool {
	raw, ok := o.members[name]
	return ok && string(raw) != "null"
}

func (o *oracle) text(name string) string {
	var s string
	if o.has(name) && json.Unmarshal(o.members[name], &s) != nil {
		o.wrong = true
	}
	return s
}

// number returns nil if the member is absent or of another type.
func (o *oracle) number(name string) *big.Rat {
	if !o.has(name) {
		return nil
	}
	raw := string(o.members[name])
	if strings.Trim(raw[:1], "-0123456789") != "" {
		o.wrong = true
		return nil
	}
	if _, exp, ok := strings.Cut(strings.ToLower(raw), "e"); ok {
		if e, err := strconv.Atoi(exp); err != nil || e > 1000 || e < -1000 {
			o.unsure = true
			return nil
		}
	}
	r, _ := new(big.Rat).SetString(raw)
	return r
}

func (o *oracle) count(name string) uint64 {
	r := o.number(name)
	if r == nil {
		return 0
	}
	if !r.IsInt() || r.Sign() < 0 {
		o.wrong = true
		return 0
	}
	if r.Cmp(new(big.Rat).SetUint64(MaxNumber)) > 0 {
		return MaxNumber + 1
	}
	return r.Num().Uint64()
}

func (o *oracle) millis(name string) time.Duration {
	r := o.number(name)
	if r == nil {
		return 0
	}
	ms, _ := r.Float64()
	if ms < 0 {
		o.wrong = true
	}
	if ms >= math.MaxInt64/1e6 {
		return math.MaxInt64
	}
	return time.Duration(ms * 1e6)
}

// decode returns the frame and whether it has no error.
func (o *oracle) decode(r *Rules) (f Frame, ok bool) {
	if !o.has("type") {
		return f, false
	}
	typ := o.text("type")
	c := chat.Command{Op: chat.Activity}
	f.Kind = KindCommand
	switch {
	case o.wrong:
	case typ == "auth":
		f.Kind, c.Op = KindAuth, 0
		f.APIKey = o.text("apiKey")
		f.KeyIsString = o.has("apiKey") && !o.wrong
		o.wrong = false
		f.Resume = o.resume()
	case typ == "ping":
		f.Kind, c.Op = KindPing, 0
	case typ == "search":
		c = chat.Command{Op: chat.Search, Partner: chat.Alias(o.text("partnerId"))}
	case typ == "typing_start" || typ == "typing_stop":
		c = chat.Command{Op: chat.Typing, Start: typ == "typing_start"}
	case typ == "end_chat":
		c = chat.Command{Op: chat.End}
	case typ == "ack":
		c = chat.Command{Op: chat.Ack, Partner: chat.Alias(o.text("partnerId")), Got: o.count("got")}
	case typ == "sleep":
		c = chat.Command{Op: chat.Sleep, For: o.millis("forMs")}
	case typ == "message":
		c = chat.Command{Op: chat.Send, Partner: chat.Alias(o.text("partnerId")), N: o.count("n")}
		chatKnown := !o.wrong
		text, image := o.text("text"), o.text("imageUrl")
		cleaned := []byte(image)
		switch {
		case o.wrong && chatKnown && c.N > 0:
			c.Refused = chat.ErrBadMessage
			f.Command = c
			return f, false
		case o.wrong:
		case text == "" && image == "" && c.N == 0:
			o.wrong = true
		case len(text) > r.MaxText:
			c.Refused = chat.ErrTooLarge
		case image != "" && !r.allows(cleaned):
			c.Refused = chat.ErrBadImage
		default:
			c.Text, c.Image = text, string(cleaned)
		}
	}
	if o.wrong {
		return Frame{}, false
	}
	f.Command = c
	return f, true
}

func (o *oracle) resume() *Resume {
	if !o.has("resume") {
		return nil
	}
	in, ok := newOracle(o.members["resume"])
	if !ok {
		o.wrong = true
		return nil
	}
	v := in.number("v")
	o.wrong, o.unsure = in.wrong, in.unsure
	if v == nil || v.Cmp(big.NewRat(1, 1)) != 0 {
		return nil
	}
	r := &Resume{
		SessionID: in.text("sessionId"), Epoch: in.text("epoch"), PartnerID: chat.Alias(in.text("partnerId")),
		Got: in.count("got"), Acked: in.count("acked"),
	}
	o.wrong, o.unsure = in.wrong, in.unsure
	return r
}

// depthOf returns the nesting depth of data, which is valid JSON.
func depthOf(data []byte) int {
	depth, deepest, quoted := 0, 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
			deepest = max(deepest, depth)
		case c == '}' || c == ']':
			depth--
		}
	}
	return deepest
}
