package config

import (
	"fmt"
	"io"
	"strings"
)

const templateHead = `# Settings of chatme, NAME=value. A commented-out line shows the default; remove the # to
# change it. Load the file with --config FILE, or name it .env in the directory that the
# server starts in.
#
# Precedence: flag, environment, systemd credential, this file, default. "chatme reload"
# reads the file again while the server runs.
# Durations: 500ms, 30s, 10m, 24h. Bytes: 65536, 64KiB, 16MiB. Rates: 600,60/s is 600 at
# once, and 60 a second after that.
# Put a value with a $, a # or spaces in 'single quotes'. An empty value counts as not set;
# an empty list counts as an empty list.
`

// WriteTemplate writes a settings file for --config that names every setting and changes none.
func WriteTemplate(w io.Writer) error { return WriteInitial(w, nil) }

// WriteInitial is like WriteTemplate, but sets values, keyed by environment name.
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

// whenChanged returns a note if a change of s needs more than a reload.
func (s *Setting) whenChanged() string {
	if s.live {
		return ""
	}
	return "; a change needs a restart"
}
