package protocol

import (
	"errors"
	"fmt"
)

// The errors of Decode, for errors.Is. They contain nothing from the frame, so they may be logged.
var (
	// ErrInvalidUTF8 means that the frame is not UTF-8. The connection is closed with CloseInvalidUTF8.
	ErrInvalidUTF8 = errors.New("invalid UTF-8")

	// ErrMalformed means that the frame cannot be decoded. The connection stays open until there are more than
	// MaxMalformed of them in a minute.
	ErrMalformed = errors.New("malformed frame")

	// ErrField is the ErrMalformed of a frame that is a JSON object, but whose type is missing, or in which a member that
	// the type uses has a wrong type.
	ErrField = fmt.Errorf("%w: wrong field", ErrMalformed)
)

// These are created once, so that an attacker's frame costs no allocation.
var (
	errSyntax    = fmt.Errorf("%w: not JSON", ErrMalformed)
	errNotObject = fmt.Errorf("%w: not an object", ErrMalformed)
	errTrailing  = fmt.Errorf("%w: data after the object", ErrMalformed)
	errDepth     = fmt.Errorf("%w: nested deeper than %d", ErrMalformed, MaxDepth)

	errNoType  = fmt.Errorf("%w: type is missing or not a string", ErrField)
	errType    = fmt.Errorf("%w: not of its type", ErrField)
	errContent = fmt.Errorf("%w: a message with neither content nor number", ErrField)
)
