package torture

import (
	"bytes"
	"fmt"
	"os"

	"chatme/internal/torture/checker"
)

// writeHistory writes the history to a file.
func writeHistory(name string, events []checker.Event) error {
	var text bytes.Buffer
	for i := range events {
		fmt.Fprintln(&text, &events[i])
	}
	return os.WriteFile(name, text.Bytes(), 0o600)
}
