package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// The exit codes, the same numbers as in sysexits.h.
const (
	exitOK             = 0
	exitFailure        = 1  // a failure, or a violation found
	exitUnknown        = 2  // of doctor: no problem was found, and not everything could be checked
	exitBadDatabase    = 65 // corrupt, foreign or newer than this binary
	exitNotWritable    = 73
	exitIO             = 74 // an I/O error at COMMIT: what is on disk is unknown
	exitAlreadyRunning = 75 // another server has this database
	exitConfig         = 78
)

// codedError is an error that says how the program ends.
type codedError struct {
	error
	code int
}

// withCode gives err an exit code; nil stays nil.
func withCode(code int, err error) error {
	if err == nil {
		return nil
	}
	return codedError{err, code}
}

func (e codedError) Unwrap() error { return e.error }

// ExitCode is the exit code of the program that ends with e.
func (e codedError) ExitCode() int { return e.code }

// exitCode returns the code err asks for through ExitCode() int, wherever in its chain that is.
func exitCode(err error) int {
	if err == nil {
		return exitOK
	}
	var coded interface{ ExitCode() int }
	if errors.As(err, &coded) {
		return coded.ExitCode()
	}
	return exitFailure
}

// report writes one line for each of the errors joined in err.
func report(w io.Writer, err error) {
	if err == nil {
		return
	}
	if coded, ok := err.(codedError); ok {
		err = coded.error // a code is put around joined errors, not into them
	}
	if each := joined(err); each != nil {
		for _, e := range each {
			report(w, e)
		}
		return
	}
	fmt.Fprintf(w, "chatme: %s\n", strings.ReplaceAll(err.Error(), "\n", "; "))
}

// joined returns the errors that errors.Join made err of, nil if it is another kind. An error of fmt.Errorf
// with two %w is another kind: it has words of its own.
func joined(err error) []error {
	multi, ok := err.(interface{ Unwrap() []error })
	if !ok || errors.Join(multi.Unwrap()...).Error() != err.Error() {
		return nil
	}
	return multi.Unwrap()
}

// flatten is the errors that err joins, or err alone.
func flatten(err error) []error {
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
		all = append(all, flatten(e)...)
	}
	return all
}
