package probe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"chatme/internal/cli"
	"chatme/internal/client"
	"chatme/internal/remote"
)

// probeOutcome is the outcome of a step.
type probeOutcome string

const (
	probeOK         probeOutcome = "ok"
	probeFailed     probeOutcome = "FAILED"
	probeNotOffered probeOutcome = "not offered"
	probeBusy       probeOutcome = "busy"
	probeNotReached probeOutcome = "not reached"
)

// probeResult is one step in the JSON object.
type probeResult struct {
	Part    string       `json:"part"`
	Step    string       `json:"step"`
	Outcome probeOutcome `json:"outcome"`
	Ms      float64      `json:"ms"` // milliseconds
	Detail  string       `json:"detail,omitempty"`
	Notes   []string     `json:"notes,omitempty"` // events that are not failures
}

// summary is the JSON object.
type summary struct {
	URL        string        `json:"url"`
	OK         bool          `json:"ok"`
	Passed     int           `json:"passed"`
	Failed     int           `json:"failed"`
	Busy       int           `json:"busy"`
	NotReached int           `json:"notReached"`
	NotOffered int           `json:"notOffered"`
	Seconds    float64       `json:"seconds"`
	Steps      []probeResult `json:"steps"`
}

// probeReport collects the outcomes, and prints each as it comes.
type probeReport struct {
	summary

	cmd   *Cmd
	out   io.Writer
	began time.Time
	limit time.Duration // of the current step
	title string        // of the part
	notes []string      // of the current step
	rest  []probeResult // of the part: steps that an earlier step prevented
}

func newProbeReport(cmd *Cmd, to remote.Deployment, out io.Writer) *probeReport {
	r := &probeReport{cmd: cmd, out: out, began: time.Now(), limit: cmd.Timeout}
	r.URL = to.Socket()
	r.printf("chatme probe %s\n", r.URL)
	return r
}

func (r *probeReport) printf(format string, args ...any) {
	if !r.cmd.JSON {
		fmt.Fprintf(r.out, format, args...)
	}
}

// part begins a part.
func (r *probeReport) part(title string) {
	r.title = title
	r.printf("\n%s\n", title)
}

// note adds a note to the current step.
func (r *probeReport) note(format string, args ...any) {
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

// step records a step that took this long.
func (r *probeReport) step(name string, took time.Duration, err error) {
	result := probeResult{Part: r.title, Step: name, Outcome: probeOK, Ms: float64(took.Microseconds()) / 1000}
	switch {
	case err == nil:
		r.Passed++
	case errors.Is(err, errNotOffered):
		result.Outcome = probeNotOffered
		r.NotOffered++
	case errors.Is(err, errBusy):
		result.Outcome = probeBusy
		r.Busy++
	default:
		result.Outcome = probeFailed
		r.Failed++
	}
	if err != nil && err != errNotOffered {
		result.Detail = r.explain(err)
	}
	r.add(result, fmt.Sprintf("%.1f ms", result.Ms))
}

// explain returns the text of err without what the report already shows.
func (r *probeReport) explain(err error) string {
	text := strings.TrimPrefix(err.Error(), errNotOffered.Error()+": ")
	if errors.Is(err, context.DeadlineExceeded) {
		text = strings.ReplaceAll(text, context.DeadlineExceeded.Error(), fmt.Sprintf("not within %s", r.limit.Round(100*time.Millisecond)))
	}
	return text
}

// unreached records a step that an earlier one prevented. Steps after one that is not offered are not offered either.
func (r *probeReport) unreached(name string, why error) {
	outcome := probeNotReached
	if errors.Is(why, errNotOffered) {
		outcome = probeNotOffered
		r.NotOffered++
	} else {
		r.NotReached++
	}
	r.rest = append(r.rest, probeResult{Part: r.title, Step: name, Outcome: outcome})
}

// endPart prints in one line how many steps were not reached.
func (r *probeReport) endPart() {
	if n := len(r.rest); n > 0 {
		r.printf(probeLine, r.rest[0].Outcome, "", cli.Counted(n, "further step"))
	}
	r.Steps = append(r.Steps, r.rest...)
	r.rest = nil
}

// probeLine is an outcome, its duration, and the step.
const probeLine = "  %-11s %10s  %s\n"

func (r *probeReport) add(result probeResult, took string) {
	result.Notes, r.notes = r.notes, nil
	r.Steps = append(r.Steps, result)
	r.printf(probeLine, result.Outcome, took, result.Step)
	for _, note := range result.Notes {
		r.printf("%27s%s\n", "", note)
	}
	if result.Detail != "" {
		r.printf("%27s%s\n", "", result.Detail)
	}
}

// finish prints the totals and returns an error unless everything passed.
func (r *probeReport) finish() error {
	took := time.Since(r.began)
	r.Seconds = took.Round(time.Millisecond).Seconds()
	r.OK = r.Failed == 0 && r.Busy == 0 && r.NotReached == 0
	if r.cmd.JSON {
		line, err := json.Marshal(r.summary)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(r.out, "%s\n", line); err != nil {
			return err
		}
	}
	r.printf("\n%s in %.1f s.\n", r.sum(), took.Seconds())
	switch {
	case r.OK:
		return nil
	case r.Failed > 0:
		return fmt.Errorf("%s of the probe failed at %s", cli.Counted(r.Failed, "step"), r.URL)
	case r.Busy > 0:
		return fmt.Errorf("%s is busy: other clients are waiting for a partner there, so this run is incomplete; try again when it is quieter", r.URL)
	}
	return errors.New("interrupted")
}

// sum returns the counts that are not 0, in words.
func (r *probeReport) sum() string {
	if r.OK && r.NotOffered == 0 {
		return fmt.Sprintf("All %d steps passed", r.Passed)
	}
	parts := []string{cli.Counted(r.Passed, "step") + " passed"}
	for _, c := range []struct {
		n    int
		what string
	}{
		{r.Failed, "failed"}, {r.Busy, "busy"}, {r.NotReached, "not reached"}, {r.NotOffered, "not offered by this server"},
	} {
		if c.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c.n, c.what))
		}
	}
	return strings.Join(parts, ", ")
}

// explainRefusal adds what a refused upgrade commonly means.
func explainRefusal(err error) error {
	refused, ok := errors.AsType[*client.RefusedError](err)
	if !ok {
		return err
	}
	if hint := remote.RefusalHint(refused.Status); hint != "" {
		return fmt.Errorf("%w; %s", refusedShort(refused), hint)
	}
	return refusedShort(refused)
}

// refusedShort returns e with its body cut to one short line: a proxy answers with a whole page.
func refusedShort(e *client.RefusedError) *client.RefusedError {
	body, _, _ := strings.Cut(e.Body, "\n")
	if strings.HasPrefix(body, "<") {
		body = ""
	}
	if len(body) > 100 {
		body = body[:100]
	}
	return &client.RefusedError{Status: e.Status, Body: strings.TrimSpace(body)}
}
