package doctor

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"chatme/internal/cli"
	"chatme/internal/exit"
)

// finding is the result of one check.
type finding struct {
	Check  string       `json:"check"`
	State  findingState `json:"state"`
	Text   string       `json:"text"`
	Remedy string       `json:"remedy,omitempty"`
}

type findingState string

const (
	findingOK      findingState = "ok"
	findingWarning findingState = "warning"
	findingProblem findingState = "problem"
	findingNot     findingState = "not checked"
	findingUnknown findingState = "unknown"
)

// findings are all results, in the order of the checks.
type findings []finding

func (f *findings) ok(check, format string, args ...any) {
	*f = append(*f, finding{check, findingOK, fmt.Sprintf(format, args...), ""})
}

func (f *findings) warning(check, text, remedy string) {
	*f = append(*f, finding{check, findingWarning, text, remedy})
}

func (f *findings) problem(check, text, remedy string) {
	*f = append(*f, finding{check, findingProblem, text, remedy})
}

// unknown reports a check that failed with err, which tells nothing about what was to be checked.
func (f *findings) unknown(check string, err error, remedy string) {
	*f = append(*f, finding{check, findingUnknown, "cannot check: " + causeOf(err), remedy})
}

// unchecked reports why something was not checked, and how it could be.
func (f *findings) unchecked(check, text, remedy string) {
	*f = append(*f, finding{check, findingNot, text, remedy})
}

func (f findings) count(state findingState) int {
	n := 0
	for _, each := range f {
		if each.State == state {
			n++
		}
	}
	return n
}

// doctorSummary is the JSON object.
type doctorSummary struct {
	OK       bool     `json:"ok"`
	Database string   `json:"database"`
	Problems int      `json:"problems"`
	Warnings int      `json:"warnings"`
	Unknown  int      `json:"unknown"` // could not be checked
	Findings findings `json:"findings"`
}

// finish prints the findings and returns an error if one of them is a problem, or if something could not be checked.
func (d *doctor) finish(w io.Writer) error {
	problems, warnings, unknown := d.count(findingProblem), d.count(findingWarning), d.count(findingUnknown)
	var err error
	switch {
	case problems > 0:
		err = fmt.Errorf("%s found", cli.Counted(problems, "problem"))
	case d.unread != "":
		err = exit.WithCode(exit.Config, errors.New("the settings could not be read, so not everything was checked"))
	case unknown > 0:
		err = exit.WithCode(exit.Unknown, fmt.Errorf("%s could not be checked", cli.Counted(unknown, "item")))
	}
	if d.cmd.JSON {
		line, e := json.Marshal(doctorSummary{err == nil, d.files.Database, problems, warnings, unknown, d.findings})
		if e != nil {
			return e
		}
		if _, err := fmt.Fprintf(w, "%s\n", line); err != nil {
			return err
		}
	} else {
		d.print(w, problems, warnings)
	}
	return err
}

func (d *doctor) print(w io.Writer, problems, warnings int) {
	width := 0
	for _, f := range d.findings {
		width = max(width, len(f.Check))
	}
	for _, f := range d.findings {
		fmt.Fprintf(w, "%-11s  %-*s  %s\n", f.State, width, f.Check, f.Text)
		if f.Remedy != "" {
			fmt.Fprintf(w, "%-11s  %-*s  -> %s\n", "", width, "", f.Remedy)
		}
	}
	sum := []string{cli.Counted(d.count(findingOK), "check") + " ok"}
	if n := d.count(findingUnknown); n > 0 {
		sum = append(sum, fmt.Sprintf("%d unknown", n))
	}
	if n := d.count(findingNot); n > 0 {
		sum = append(sum, fmt.Sprintf("%d not checked", n))
	}
	fmt.Fprintf(w, "\n%s, %s, %s.\n", cli.Counted(problems, "problem"), cli.Counted(warnings, "warning"), strings.Join(sum, ", "))
}
