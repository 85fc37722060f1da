package protocol

import (
	"unicode/utf8"
	"unsafe"

	"chatme/internal/chat"
)

// Decode reads one frame of a client into f, overwriting its previous content. It keeps no reference to data.
//
// A body that must not be relayed is not an error: the Send gives the reason in Refused, and has neither text nor image.
//
// The errors are ErrInvalidUTF8 and those of the class ErrMalformed. With an error f is zero, with one exception: if a
// field of a message has a wrong type but its number and its chat can be read, f is the Send with Refused bad_message,
// which MUST be passed on so that the number is used up.
func (r *Rules) Decode(data []byte, f *Frame) error { return r.decode(data, f, false) }

// Take is Decode for data that the caller gives up: it MUST NOT be read or written any more. An image stays in place in
// data, so that there is never a second copy of it.
func (r *Rules) Take(data []byte, f *Frame) error { return r.decode(data, f, true) }

// decode implements Take if takes is set, and otherwise Decode.
func (r *Rules) decode(data []byte, f *Frame, takes bool) error {
	*f = Frame{}
	if !utf8.Valid(data) {
		return ErrInvalidUTF8
	}
	var m members
	if err := scanFrame(data, &m); err != nil {
		return err
	}
	t := &m[fieldType]
	if t.kind != kindString {
		return errNoType
	}
	raw := t.raw
	if t.escaped {
		raw = []byte(unescape(raw))
	}
	switch string(raw) {
	case typeMessage:
		return r.message(&m, f, takes)
	case typeAck:
		return decodeAck(&m, f)
	case typePing:
		f.Kind = KindPing
	case typeTypingStart:
		f.command(chat.Command{Op: chat.Typing, Start: true})
	case typeTypingStop:
		f.command(chat.Command{Op: chat.Typing})
	case typeSearch:
		partner, ok := m[fieldPartnerID].text()
		if !ok {
			return errType
		}
		f.command(chat.Command{Op: chat.Search, Partner: chat.Alias(partner)})
	case typePrefer:
		return r.prefer(&m, f)
	case typeAuth:
		return decodeAuth(&m, f)
	case typeSleep:
		d, ok := m[fieldForMs].millis()
		if !ok {
			return errType
		}
		f.command(chat.Command{Op: chat.Sleep, For: d})
	case typeEndChat:
		f.command(chat.Command{Op: chat.End})
	default:
		f.command(chat.Command{Op: chat.Activity})
	}
	return nil
}

func (f *Frame) command(c chat.Command) {
	f.Kind = KindCommand
	f.Command = c
}

// message decodes a message. The checks are ordered by cost: a body that is refused for its text is refused before its
// image is checked.
func (r *Rules) message(m *members, f *Frame, takes bool) error {
	n, ok := m[fieldN].count()
	if !ok || !m[fieldPartnerID].isText() {
		// Without its number or its chat there is no number to use up.
		return errType
	}
	text, image := &m[fieldText], &m[fieldImageURL]
	c := chat.Command{Op: chat.Send, N: n}
	if !text.isText() || !image.isText() {
		if n > 0 {
			c.Partner, c.Refused = m[fieldPartnerID].alias(), chat.ErrBadMessage
			f.command(c)
		}
		return errType
	}
	if text.empty() && image.empty() && n == 0 {
		return errContent
	}
	c.Partner = m[fieldPartnerID].alias()
	c.Text, c.Image, c.Refused = r.body(text, image, takes)
	f.command(c)
	return nil
}

// body returns the text and image of a message to relay, or the reason not to relay it. Both may be empty: the client has
// lost its copy, and the number is used up.
func (r *Rules) body(text, image *value, takes bool) (string, string, chat.ErrorCode) {
	if text.textLen() > r.MaxText {
		return "", "", chat.ErrTooLarge
	}
	if image.empty() {
		s, _ := text.text()
		return s, "", ""
	}
	if r.Images == ImagesOff {
		return "", "", chat.ErrBadImage
	}
	url := image.image(takes)
	if !r.allows(url) {
		return "", "", chat.ErrBadImage
	}
	s, _ := text.text()
	return s, unsafe.String(unsafe.SliceData(url), len(url)), "" // url is not changed any more
}

func decodeAck(m *members, f *Frame) error {
	got, ok := m[fieldGot].count()
	if !ok || !m[fieldPartnerID].isText() {
		return errType
	}
	f.command(chat.Command{Op: chat.Ack, Partner: m[fieldPartnerID].alias(), Got: got})
	return nil
}

func decodeAuth(m *members, f *Frame) error {
	resume, err := decodeResume(&m[fieldResume])
	if err != nil {
		return err
	}
	f.Kind = KindAuth
	f.Resume = resume
	// A key of a wrong type is a wrong key, not a malformed frame.
	if key := &m[fieldAPIKey]; key.kind == kindString {
		f.APIKey, _ = key.text()
		f.KeyIsString = true
	}
	return nil
}

// decodeResume returns nil if the client asks for no resume, or for an unknown version: it is answered as a legacy client,
// and the other members of that version are ignored.
func decodeResume(v *value) (*Resume, error) {
	switch v.kind {
	case kindAbsent:
		return nil, nil
	case kindObject:
	default:
		return nil, errType
	}
	var m members
	if err := scanFrame(v.raw, &m); err != nil {
		return nil, err
	}
	switch version := &m[fieldV]; {
	case version.kind != kindAbsent && version.kind != kindNumber:
		return nil, errType
	case version.kind == kindAbsent || !version.is(1):
		return nil, nil
	}
	session, ok1 := m[fieldSessionID].text()
	epoch, ok2 := m[fieldEpoch].text()
	partner, ok3 := m[fieldPartnerID].text()
	got, ok4 := m[fieldGot].count()
	acked, ok5 := m[fieldAcked].count()
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 {
		return nil, errType
	}
	return &Resume{SessionID: session, Epoch: epoch, PartnerID: chat.Alias(partner), Got: got, Acked: acked}, nil
}
