package protocol

import "unicode/utf8"

// field numbers the known members of the frame and of its resume object.
type field uint8

const (
	fieldUnknown field = iota
	fieldType
	fieldAPIKey
	fieldResume
	fieldV
	fieldSessionID
	fieldEpoch
	fieldPartnerID
	fieldGot
	fieldAcked
	fieldText
	fieldImageURL
	fieldN
	fieldForMs
	fieldTopics
	fieldLanguages
	numFields
)

// fieldOf returns the member with this unescaped name. The match is case-sensitive.
func fieldOf(name []byte) field {
	switch string(name) {
	case "type":
		return fieldType
	case "apiKey":
		return fieldAPIKey
	case "resume":
		return fieldResume
	case "v":
		return fieldV
	case "sessionId":
		return fieldSessionID
	case "epoch":
		return fieldEpoch
	case "partnerId":
		return fieldPartnerID
	case "got":
		return fieldGot
	case "acked":
		return fieldAcked
	case "text":
		return fieldText
	case "imageUrl":
		return fieldImageURL
	case "n":
		return fieldN
	case "forMs":
		return fieldForMs
	case "topics":
		return fieldTopics
	case "languages":
		return fieldLanguages
	}
	return fieldUnknown
}

// field returns the member whose name is v. Escapes in v are decoded.
func (v *value) field() field {
	if !v.escaped {
		return fieldOf(v.raw)
	}
	var name [len("partnerId")]byte // the longest; all are ASCII
	n := 0
	for raw := v.raw; len(raw) > 0; n++ {
		r, size := rune(raw[0]), 1
		if raw[0] == '\\' {
			r, size = escape(raw)
		}
		if n == len(name) || r >= utf8.RuneSelf {
			return fieldUnknown
		}
		name[n] = byte(r)
		raw = raw[size:]
	}
	return fieldOf(name[:n])
}
