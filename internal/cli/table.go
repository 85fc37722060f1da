package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/mattn/go-isatty"
)

// Facts prints aligned lines of a name and its value.
func Facts(w io.Writer, pairs ...string) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i := 0; i+1 < len(pairs); i += 2 {
		fmt.Fprintf(table, "%s\t%s\n", pairs[i], pairs[i+1])
	}
	return table.Flush()
}

// Table prints aligned rows below a header. A nonempty rest is printed as its own line.
func (p *Program) Table(header []string, rows [][]string, rest string) error {
	t := tabwriter.NewWriter(p.Stdout, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{header}, rows...) {
		for i, cell := range row {
			if i > 0 {
				fmt.Fprint(t, "\t")
			}
			fmt.Fprint(t, cmp.Or(cell, "-"))
		}
		fmt.Fprintln(t)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if rest != "" {
		fmt.Fprintln(p.Stdout, rest)
	}
	return nil
}

// More returns a note on how many of total are not shown and how to list them; "" if all are shown.
func More(shown int, total int64) string {
	if int64(shown) >= total {
		return ""
	}
	return fmt.Sprintf("… and %s more; --limit 0 lists them", Grouped(total-int64(shown)))
}

// PrintJSON prints v as one JSON object on one line.
func PrintJSON(w io.Writer, v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n", line)
	return err
}

// Printable returns value in a form that fits one table cell.
func Printable(value string) string {
	if value == "" {
		return "-"
	}
	if strings.IndexFunc(value, func(r rune) bool { return !strconv.IsPrint(r) }) >= 0 {
		return strconv.Quote(value)
	}
	return value
}

func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

// Colours reports whether stdout is a terminal that takes colors. https://no-color.org
func (p *Program) Colours() bool {
	plain := slices.ContainsFunc(p.Environ, func(entry string) bool {
		value, found := strings.CutPrefix(entry, "NO_COLOR=")
		return found && value != ""
	})
	return !plain && IsTerminal(p.Stdout)
}
