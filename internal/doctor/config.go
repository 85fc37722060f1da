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

// configuration is whether a server would take the settings, and who can read the secrets among them.
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
			d.unknown("configuration", problem, "run this where the server's settings are, as root or as the server's user; name their file with --config")
		case cited(problem) || d.names(problem) || d.sure(problem):
			d.problem("configuration", problem.Error(), `put it right; "chatme config check" shows what is in force and where each setting is from`)
		}
	}
	switch {
	case err == nil && len(from) == 0:
		d.ok("configuration", "every setting has its default")
	case err == nil:
		d.ok("configuration", "a server would start with it; what is not a default is from: %s", strings.Join(from, ", "))
	case d.unread == nothingFound:
		d.unknown("configuration", errors.New("no settings were found: no flags, nothing in the environment, and no .dev.vars or .env in "+here()),
			"name the server's settings with --config FILE")
	}
	for _, name := range exposed {
		d.warning("keys", "everybody on this machine may read "+name, "chmod o= "+name)
	}
	d.tlsKey()
}

// nothingFound is why nothing is known where a server would have only defaults, and no key.
const nothingFound = "none were found"

// here is the directory in which doctor runs, for people.
func here() string {
	dir, err := os.Getwd()
	if err != nil {
		return "this directory"
	}
	return dir
}

// learn takes note of which settings are known. What is in a file that could not be read is not, unless something that beats a file says it.
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

// keyFile reports that a file with keys could not be read, and not one with settings.
func keyFile(problem error) bool {
	text := problem.Error()
	return strings.HasPrefix(text, "WEB_API_KEY") || strings.HasPrefix(text, "MOBILE_API_KEY") || strings.HasPrefix(text, "credential ")
}

// unreadable reports that the system did not give a file.
func unreadable(problem error) bool {
	_, ok := errors.AsType[syscall.Errno](problem)
	return ok || errors.Is(problem, fs.ErrNotExist) || errors.Is(problem, fs.ErrPermission)
}

// names reports that a file of settings was read and could not be understood: nothing in it counts then.
func (d *doctor) names(problem error) bool {
	files := []string{".dev.vars", ".env"}
	if d.cmd.File != "" {
		files = []string{d.cmd.File}
	}
	return slices.ContainsFunc(files, func(name string) bool { return strings.HasPrefix(problem.Error(), name+", line ") })
}

// cited reports that a problem is with one value, which was read.
func cited(problem error) bool {
	return strings.HasPrefix(problem.Error(), "--") || strings.Contains(problem.Error(), " (from ")
}

var settingName = regexp.MustCompile(`[A-Z]+(?:_[A-Z]+)+`)

// sure reports that all settings are known that do not fit together.
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

// known reports whether the setting of this name in the environment is what the server has, as far as can be told.
func (d *doctor) known(env string) bool {
	return !d.bad[env] && (d.unread == "" || d.firm[env])
}

// unsettled says of checks that they depend on settings that are not known.
func (d *doctor) unsettled(checks ...string) {
	why := "it depends on a setting that has a bad value"
	if d.unread != "" {
		why = "it depends on settings that are not known: " + d.unread
	}
	for _, check := range checks {
		d.unchecked(check, why, "")
	}
}

// tlsKey is whether the private key is private.
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
		d.problem("keys", "the private key of the certificate cannot be read: "+err.Error(), "name the right file with CHATME_TLS_KEY, readable for the server's user")
	case err != nil:
		d.unknown("keys", err, asServer)
		return
	case info.Mode().Perm()&0o007 != 0:
		d.problem("keys", "everybody on this machine may read the private key "+d.cfg.TLSKey, "chmod o= "+d.cfg.TLSKey)
	default:
		d.ok("keys", "the private key of the certificate is not for everybody")
	}
	d.ownCertificate()
}

// ownCertificate is whether the server can use the certificate that it is given, and for how long.
func (d *doctor) ownCertificate() {
	if d.cfg.TLSCert == "" || !d.known("CHATME_TLS_CERT") {
		return // the configuration says so
	}
	pair, err := certificate.LoadKeyPair(d.cfg.TLSCert, d.cfg.TLSKey)
	switch {
	case errors.Is(err, fs.ErrPermission):
		d.unknown("TLS", err, asServer)
	case err != nil:
		d.problem("TLS", fmt.Sprintf("%s and its key: %v", d.cfg.TLSCert, err), "give the file with the whole chain (fullchain.pem), and the key that belongs to it")
	default:
		d.expiry("the certificate in "+d.cfg.TLSCert, pair.Leaf)
	}
}
