package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"chatme/internal/certificate"
	"chatme/internal/config"
	"chatme/internal/exit"
)

// configuration checks that a server would accept the settings, and that the secrets in them are private.
func (d *doctor) configuration(found []config.Setting, err error) {
	problems := exit.Flatten(err)
	d.learn(found, problems)
	var from, exposed []string
	for _, s := range found {
		if s.From != "" && s.From != "default" && !slices.Contains(from, s.From) {
			from = append(from, s.From)
		}
		if s.Exposed != "" && !slices.Contains(exposed, s.Exposed) {
			exposed = append(exposed, s.Exposed)
		}
	}
	for _, problem := range problems {
		switch {
		case unreadable(problem):
			d.unknown("configuration", problem, "run this where the server's settings are, as root or as the server's user, and name the settings file with --config")
		case cited(problem) || d.names(problem) || d.sure(problem):
			d.problem("configuration", problem.Error(), `fix it; "chatme config check" shows each setting in effect and its source`)
		}
	}
	switch {
	case err == nil && len(from) == 0:
		d.ok("configuration", "all settings have their defaults")
	case err == nil:
		d.ok("configuration", "a server would start with these settings; those that are not defaults come from: %s", strings.Join(from, ", "))
	case d.unread == nothingFound:
		d.unknown("configuration", errors.New("no settings found: no flags, nothing in the environment, and no .dev.vars or .env in "+here()),
			"name the server's settings file with --config FILE")
	}
	for _, name := range exposed {
		d.warning("keys", name+" is world-readable", "chmod o= "+name)
	}
	d.tlsKey()
}

// nothingFound is the reason if no setting is known: a server would have only defaults, and no key.
const nothingFound = "none were found"

// here returns doctor's working directory, for messages.
func here() string {
	dir, err := os.Getwd()
	if err != nil {
		return "this directory"
	}
	return dir
}

// learn records which settings are known. A setting in a file that could not be read is not, unless a source that takes
// precedence over the file has it.
func (d *doctor) learn(found []config.Setting, problems []error) {
	d.firm, d.bad = map[string]bool{}, map[string]bool{}
	defaults := true
	for _, s := range found {
		switch {
		case s.From == "flag", s.From == "environment", strings.HasPrefix(s.From, "credential"):
			d.firm[s.Env] = true
		}
		defaults = defaults && s.From == "default"
		for _, problem := range problems {
			text := problem.Error()
			if strings.HasPrefix(text, s.Env+"=") || strings.HasPrefix(text, "--"+s.Flag+"=") || unreadable(problem) && strings.Contains(text, s.Env+"_FILE") ||
				unreadable(problem) && strings.Contains(text, "credential "+strings.ToLower(s.Env)) {
				d.bad[s.Env] = true
			}
		}
	}
	for _, problem := range problems {
		if unreadable(problem) || d.names(problem) {
			d.unread = problem.Error()
			if keyFile(problem) { // the rest is known
				for _, s := range found {
					d.firm[s.Env] = true
				}
			}
			break
		}
	}
	if d.unread == "" && defaults && len(problems) > 0 {
		d.unread = nothingFound
	}
}

// keyFile reports whether the file that could not be read holds keys, not settings.
func keyFile(problem error) bool {
	text := problem.Error()
	return strings.HasPrefix(text, "WEB_API_KEY") || strings.HasPrefix(text, "MOBILE_API_KEY") || strings.HasPrefix(text, "credential ")
}

// unreadable reports whether a file could not be read.
func unreadable(problem error) bool {
	_, ok := errors.AsType[syscall.Errno](problem)
	return ok || errors.Is(problem, fs.ErrNotExist) || errors.Is(problem, fs.ErrPermission)
}

// names reports whether a settings file was read but could not be parsed: then nothing in it counts.
func (d *doctor) names(problem error) bool {
	files := []string{".dev.vars", ".env"}
	if d.cmd.File != "" {
		files = []string{d.cmd.File}
	}
	return slices.ContainsFunc(files, func(name string) bool { return strings.HasPrefix(problem.Error(), name+", line ") })
}

// cited reports whether a problem is about one value, which was read.
func cited(problem error) bool {
	return strings.HasPrefix(problem.Error(), "--") || strings.Contains(problem.Error(), " (from ")
}

var settingName = regexp.MustCompile(`[A-Z]+(?:_[A-Z]+)+`)

// sure reports whether all the settings that conflict are known.
func (d *doctor) sure(problem error) bool {
	if d.unread == "" {
		return true
	}
	for _, name := range settingName.FindAllString(problem.Error(), -1) {
		if !d.known(name) {
			return false
		}
	}
	return true
}

// known reports whether the value of the setting env is the server's, as far as can be told.
func (d *doctor) known(env string) bool {
	return !d.bad[env] && (d.unread == "" || d.firm[env])
}

// unsettled reports that checks depend on settings that are not known.
func (d *doctor) unsettled(checks ...string) {
	why := "it depends on a setting with an invalid value"
	if d.unread != "" {
		why = "it depends on settings that are not known: " + d.unread
	}
	for _, check := range checks {
		d.unchecked(check, why, "")
	}
}

// tlsKey checks that the private key is private.
func (d *doctor) tlsKey() {
	if !d.known("CHATME_TLS_KEY") {
		d.unsettled("TLS")
		return
	}
	if d.cfg.TLSKey == "" {
		return
	}
	info, err := os.Stat(d.cfg.TLSKey)
	switch {
	case errors.Is(err, fs.ErrPermission):
		d.unknown("keys", err, asServer)
		return
	case errors.Is(err, fs.ErrNotExist):
		d.problem("keys", "cannot read the certificate's private key: "+err.Error(), "set CHATME_TLS_KEY to a file that the server's user can read")
	case err != nil:
		d.unknown("keys", err, asServer)
		return
	case info.Mode().Perm()&0o007 != 0:
		d.problem("keys", "the private key "+d.cfg.TLSKey+" is open to every user on this machine", "chmod o= "+d.cfg.TLSKey)
	default:
		d.ok("keys", "the certificate's private key is not open to every user")
	}
	d.ownCertificate()
}

// ownCertificate checks that the server can use its certificate, and for how long.
func (d *doctor) ownCertificate() {
	if d.cfg.TLSCert == "" || !d.known("CHATME_TLS_CERT") {
		return // configuration reports this
	}
	pair, err := certificate.LoadKeyPair(d.cfg.TLSCert, d.cfg.TLSKey)
	switch {
	case errors.Is(err, fs.ErrPermission):
		d.unknown("TLS", err, asServer)
	case err != nil:
		d.problem("TLS", fmt.Sprintf("%s and its key: %v", d.cfg.TLSCert, err), "use the file with the full chain (fullchain.pem), and the key that matches it")
	default:
		d.expiry("the certificate in "+d.cfg.TLSCert, pair.Leaf)
	}
}
