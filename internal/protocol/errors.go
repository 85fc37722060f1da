package protocol

import (
	"errors"
	"fmt"
)

// What Decode returns, to be told apart with errors.Is. They hold nothing of the frame, so they may be logged.
var (
	// ErrInvalidUTF8: the frame is not UTF-8. The connection is closed with CloseInvalidUTF8.
	ErrInvalidUTF8 = errors.New("invalid UTF-8")

	// ErrMalformed: the frame cannot be read. The connection stays, until there are more than MaxMalformed in a
	// minute.
	ErrMalformed = errors.New("malformed frame")

	// ErrField is the ErrMalformed of a frame that is a JSON object: its type is missing, or a member that the
	// type uses has a wrong type.
	ErrField = fmt.Errorf("%w: wrong field", ErrMalformed)
)

// Each of them is made once: an attacker's frame costs no allocation.
var (
	errSyntax    = fmt.Errorf("%w: not JSON", ErrMalformed)
	errNotObject = fmt.Errorf("%w: not an object", ErrMalformed)
	errTrailing  = fmt.Errorf("%w: data after the object", ErrMalformed)
	errDepth     = fmt.Errorf("%w: nested deeper than %d", ErrMalformed, MaxDepth)

	errNoType  = fmt.Errorf("%w: type is missing or not a string", ErrField)
	errType    = fmt.Errorf("%w: not of its type", ErrField)
	errContent = fmt.Errorf("%w: a message with neither content nor number", ErrField)
)
