package config

import (
	"fmt"
	"io"
	"strings"
)

const templateHead = `# Settings of chatme, NAME=value. A line that is commented out shows the default; take away
# the # of those to change, and read the file with --config FILE (or call it .env, in the
# directory the server starts in).
#
# A flag beats the environment, the environment beats this file. "chatme reload" reads it
# again while the server runs.
# Durations: 500ms, 30s, 10m, 24h. Bytes: 65536, 64KiB, 16MiB.
# Put a value with a $, a # or spaces in 'single quotes'. An empty value counts as not set,
# an empty list as an empty list.
`

// WriteTemplate writes a file for --config that names every setting and changes none.
func WriteTemplate(w io.Writer) error { return WriteInitial(w, nil) }

// WriteInitial is WriteTemplate for a file that sets values, by their names in the environment.
func WriteInitial(w io.Writer, values map[string]string) error {
	var b strings.Builder
	b.WriteString(templateHead)
	group := ""
	for _, s := range settingsOf(&Config{}) {
		if s.Group != group {
			group = s.Group
			fmt.Fprintf(&b, "\n# ---- %s ----\n", group)
		}
		line := "#" + s.Env + "=" + s.Default
		if text, ok := values[s.Env]; ok {
			line = s.Env + "=" + text
		}
		fmt.Fprintf(&b, "\n# %s\n# Flag: --%s%s\n%s\n", s.Help, s.Flag, s.whenChanged(), line)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// whenChanged says when a change of s has an effect, where that is not at a reload.
func (s *Setting) whenChanged() string {
	if s.live {
		return ""
	}
	return "; a change needs a restart"
}
