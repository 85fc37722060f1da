// Package exit holds the exit codes of the command, and errors that carry one.
package exit

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// The exit codes, the same numbers as in sysexits.h.
const (
	OK             = 0
	Failure        = 1  // a failure, or a violation found
	Unknown        = 2  // of doctor: no problem was found, but not everything could be checked
	BadDatabase    = 65 // corrupt, foreign or newer than this binary
	NotWritable    = 73
	IO             = 74 // an I/O error at COMMIT: what is on disk is unknown
	AlreadyRunning = 75 // another server has this database
	Config         = 78
)

// codedError is an error that sets the program's exit code.
type codedError struct {
	error
	code int
}

// WithCode gives err an exit code; nil stays nil.
func WithCode(code int, err error) error {
	if err == nil {
		return nil
	}
	return codedError{err, code}
}

func (e codedError) Unwrap() error { return e.error }

// ExitCode returns the exit code of a program that ends with e.
func (e codedError) ExitCode() int { return e.code }

// Code returns the code err asks for through ExitCode() int, wherever in its chain that is.
func Code(err error) int {
	if err == nil {
		return OK
	}
	var coded interface{ ExitCode() int }
	if errors.As(err, &coded) {
		return coded.ExitCode()
	}
	return Failure
}

// Report writes one line for each of the errors joined in err.
func Report(w io.Writer, err error) {
	if err == nil {
		return
	}
	if coded, ok := err.(codedError); ok {
		err = coded.error // a code is put around joined errors, not into them
	}
	if each := joined(err); each != nil {
		for _, e := range each {
			Report(w, e)
		}
		return
	}
	fmt.Fprintf(w, "chatme: %s\n", strings.ReplaceAll(err.Error(), "\n", "; "))
}

// joined returns the errors that errors.Join put into err, nil if err is of another kind. An error of fmt.Errorf
// with two %w is of another kind: it has its own text.
func joined(err error) []error {
	multi, ok := err.(interface{ Unwrap() []error })
	if !ok || errors.Join(multi.Unwrap()...).Error() != err.Error() {
		return nil
	}
	return multi.Unwrap()
}

// Flatten returns the errors that err joins, or err alone.
func Flatten(err error) []error {
	if coded, ok := err.(codedError); ok {
		err = coded.error
	}
	if err == nil {
		return nil
	}
	each := joined(err)
	if each == nil {
		return []error{err}
	}
	var all []error
	for _, e := range each {
		all = append(all, Flatten(e)...)
	}
	return all
}
