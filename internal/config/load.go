package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Where a value came from, as shown.
const (
	fromFlag             = "flag"
	fromEnvironment      = "environment"
	fromCredentialPrefix = "credential "
	fromDefault          = "default"
)

// ownPrefix marks chatme's own names: an unknown name with it is a mistake, not another program's.
const ownPrefix = "CHATME_"

// Sources is where Load reads from.
type Sources struct {
	Flags    Flags             // given on the command line
	Environ  []string          // NAME=value, as os.Environ returns them
	File     string            // named by the user; "" reads .dev.vars and .env where they exist
	Defaults map[string]string // by flag, instead of the struct's default
	Memory   int64             // bytes that the process may use, which some defaults depend on; 0: no limit
}

// Load returns the settings in force and, in the order of Config, where each came from. The error joins
// every problem, one line each: unreadable files, unknown names, invalid values in any source, settings
// that contradict each other. With an error the settings may still be shown, but the Config must not be used.
func Load(src Sources) (*Config, []Setting, error) {
	cfg := &Config{}
	settings := settingsOf(cfg)
	files, problems := readFiles(src.File, settings)
	layers := src.layers(settings, files)
	for i := range layers {
		problems = append(problems, layers[i].unknown(settings)...)
		layers[i].readKeyFiles(settings)
	}

	bad := map[string]bool{} // by environment name
	for i := range settings {
		s := &settings[i]
		if found := s.fill(layers); found != nil {
			bad[s.Env] = true
			problems = append(problems, found...)
		}
	}
	cfg.fit(Bytes(src.Memory), settings)
	for _, r := range cfg.relations() {
		// A report about a value that is not meant would only confuse.
		if !slices.ContainsFunc(r.settings, func(env string) bool { return bad[env] }) {
			problems = append(problems, errors.New(r.text))
		}
	}
	return cfg, settings, errors.Join(problems...)
}

// LoadPlace returns a Config with only the server's database and admin socket. A command that talks to a running server,
// or reads its database, needs no key and must not fail because of one. The error joins the problems that keep the place
// from being known.
func LoadPlace(src Sources) (*Config, error) {
	cfg := &Config{}
	settings := settingsOf(cfg)
	files, problems := readFiles(src.File, settings)
	layers := src.layers(settings, files)
	for i := range settings {
		if s := &settings[i]; s.Env == "CHATME_DB" || s.Env == "CHATME_ADMIN" {
			problems = append(problems, s.fill(layers)...)
		}
	}
	if problems == nil {
		problems = append(problems, cfg.checkAdminSocket())
	}
	return cfg, errors.Join(problems...)
}

// fill takes the value of each layer that has one, the last one wins, and returns what is wrong with any of them.
func (s *Setting) fill(layers []layer) (problems []error) {
	for _, l := range layers {
		if err := l.broken[s.Env]; err != nil {
			problems = append(problems, err)
		}
		v, ok := l.lookup(s)
		if !ok {
			continue
		}
		err := s.set(v.text)
		if err == nil && s.secret && l.from == fromEnvironment && l.keys[s.Flag].from == "" {
			err = s.checkPlain(v.text)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", l.cite(s, v), err))
		}
		s.Value, s.From, s.Exposed = s.shown(v.text), v.from, v.exposed
	}
	return problems
}

// Default returns the settings of an unconfigured server. It has no key, so it cannot serve until one is set.
func Default() *Config {
	cfg, _, _ := Load(Sources{File: noFile})
	return cfg
}

// layer is one source and its values.
type layer struct {
	from    string            // as shown in a table
	byFlag  bool              // values are keyed by flag, otherwise by environment name
	values  map[string]string // as written in the source; a file's without quotes and comments
	lines   map[string]int    // by environment name: the value's line in the file; nil in other layers
	broken  map[string]error  // by environment name: why the layer's value cannot be used
	exposed string            // the name of its file, if it is world-readable
	keys    map[string]value  // by flag: the contents of the files that it names

	credentials string // systemd's credentials directory; "" in other layers
}

// value is the text of one setting and its source.
type value struct {
	text    string
	from    string // as shown in a table
	exposed string // the file it is from, if it is world-readable
}

// layers lists the sources, weakest first.
func (src Sources) layers(settings []Setting, files []layer) []layer {
	defaults := layer{from: fromDefault, byFlag: true, values: map[string]string{}}
	for _, s := range settings {
		defaults.values[s.Flag] = s.Default
		if text, ok := src.Defaults[s.Flag]; ok {
			defaults.values[s.Flag] = text
		}
	}
	environment := layer{from: fromEnvironment, values: map[string]string{}}
	for _, entry := range src.Environ {
		name, text, _ := strings.Cut(entry, "=")
		environment.values[name] = strings.TrimPrefix(text, byteOrderMark)
	}
	layers := append([]layer{defaults}, files...)
	if dir := environment.values[credentialsEnv]; dir != "" {
		layers = append(layers, layer{credentials: dir})
	}
	return append(layers, environment, layer{from: fromFlag, byFlag: true, values: src.Flags})
}

// lookup returns the layer's value for s. An empty text is an empty list for a list, and otherwise counts as not set.
func (l layer) lookup(s *Setting) (v value, ok bool) {
	if v, ok = l.keys[s.Flag]; ok {
		return v, true
	}
	name := s.Env
	if l.byFlag {
		name = s.Flag
	}
	v = value{from: l.from}
	if s.secret {
		v.exposed = l.exposed
	}
	v.text, ok = l.values[name]
	if isEmpty(v.text) {
		v.text, ok = "", ok && (s.isList() || l.from == fromDefault)
	}
	return v, ok
}

func isEmpty(text string) bool { return strings.TrimSpace(text) == "" }

// cite names a value as its source writes it.
func (l layer) cite(s *Setting, v value) string {
	if _, isFile := l.keys[s.Flag]; isFile {
		return v.from
	}
	if l.byFlag {
		return fmt.Sprintf("--%s=%q", s.Flag, s.shown(v.text))
	}
	return fmt.Sprintf("%s=%q (from %s)", s.Env, s.shown(v.text), l.placeOf(s.Env))
}

func (l layer) place() string {
	if l.from == fromEnvironment {
		return "the environment"
	}
	return strings.TrimPrefix(l.from, fromFilePrefix)
}

// placeOf returns where in the layer the value of a name is.
func (l layer) placeOf(name string) string {
	if line := l.lines[name]; line > 0 {
		return fmt.Sprintf("%s, line %d", l.place(), line)
	}
	return l.place()
}

// unknown lists the names with chatme's prefix that are not settings. It does not repeat their values: one may be a key.
func (l layer) unknown(settings []Setting) []error {
	if l.byFlag {
		return nil // the parser has checked the command line
	}
	names := slices.AppendSeq(slices.Collect(maps.Keys(l.values)), maps.Keys(l.broken))
	slices.Sort(names)
	var problems []error
	for _, name := range slices.Compact(names) {
		known := slices.ContainsFunc(settings, func(s Setting) bool { return s.Env == name })
		foreign := l.from == fromEnvironment && isServiceLink(name, l.values[name])
		if !strings.HasPrefix(name, ownPrefix) || known || foreign {
			continue
		}
		problem := fmt.Sprintf("%s (from %s): unknown setting", name, l.placeOf(name))
		if near := nearest(name, settings); near != "" {
			problem += fmt.Sprintf("; did you mean %s?", near)
		}
		problems = append(problems, errors.New(problem))
	}
	return problems
}
