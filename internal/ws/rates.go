package ws

import (
	"errors"
	"time"

	"chatme/internal/network"
)

// Rates bound what one socket, one session and one network may do. Over a rate nothing is dropped: the reader of the
// socket waits.
type Rates struct {
	Frames   network.Rate  // of a socket: all text and binary frames
	Messages network.Rate  // of a socket
	Bytes    network.Rate  // of a socket: payload read
	Pings    network.Rate  // of a socket: ping messages, and frames of an unknown type
	Typing   time.Duration // between two typing_start that are forwarded
	Auths    int           // further auth frames on a socket; one more is closed with 1008
	Waits    time.Duration // in any longestAccount, at the rates of the socket; then it is closed with 4429

	Resumes  network.Rate // of a session
	Searches network.Rate // of a network
	Rows     network.Rate // of a network: sessions written to the database
	Inbound  network.Rate // of a network: payload read
}

func (r *Rates) validate() error {
	for _, rate := range []network.Rate{r.Frames, r.Messages, r.Bytes, r.Pings, r.Resumes, r.Searches, r.Rows, r.Inbound} {
		if rate.Burst <= 0 || rate.Count <= 0 || rate.Per <= 0 {
			return errors.New("ws: a rate is not positive")
		}
	}
	if r.Typing <= 0 || r.Auths <= 0 || r.Waits <= 0 {
		return errors.New("ws: a rate is not positive")
	}
	return nil
}

// paces are the rates of a socket, prepared for its buckets.
type paces struct{ frames, messages, bytes, pings network.Pace }

func (r *Rates) paces() paces {
	return paces{r.Frames.Pace(), r.Messages.Pace(), r.Bytes.Pace(), r.Pings.Pace()}
}
