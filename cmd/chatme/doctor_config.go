package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"chatme/internal/config"
)

// configuration is whether a server would take the settings, and who can read the secrets among them.
func (d *doctor) configuration(found []config.Setting, err error) {
	for _, problem := range flatten(err) {
		d.problem("configuration", problem.Error(), `put it right; "chatme config check" shows what is in force and where each setting is from`)
	}
	var from, exposed []string
	for _, s := range found {
		if s.From != "" && s.From != "default" && !slices.Contains(from, s.From) {
			from = append(from, s.From)
		}
		if s.Exposed != "" && !slices.Contains(exposed, s.Exposed) {
			exposed = append(exposed, s.Exposed)
		}
	}
	if err == nil {
		text := "every setting has its default"
		if len(from) > 0 {
			text = "a server would start with it; what is not a default is from: " + strings.Join(from, ", ")
		}
		d.ok("configuration", "%s", text)
	}
	for _, name := range exposed {
		d.warning("keys", "everybody on this machine may read "+name, "chmod o= "+name)
	}
	d.tlsKey()
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

// tlsKey is whether the private key is private.
func (d *doctor) tlsKey() {
	if d.cfg.TLSKey == "" {
		return
	}
	info, err := os.Stat(d.cfg.TLSKey)
	switch {
	case err != nil:
		d.problem("keys", "the private key of the certificate cannot be read: "+err.Error(), "name the right file with CHATME_TLS_KEY, readable for the server's user")
	case info.Mode().Perm()&0o007 != 0:
		d.problem("keys", "everybody on this machine may read the private key "+d.cfg.TLSKey, "chmod o= "+d.cfg.TLSKey)
	default:
		d.ok("keys", "the private key of the certificate is not for everybody")
	}
	d.ownCertificate()
}

// ownCertificate is whether the server can use the certificate that it is given, and for how long.
func (d *doctor) ownCertificate() {
	if d.cfg.TLSCert == "" {
		return // the configuration says so
	}
	pair, err := loadKeyPair(d.cfg.TLSCert, d.cfg.TLSKey)
	if err != nil {
		d.problem("TLS", fmt.Sprintf("%s and its key: %v", d.cfg.TLSCert, err), "give the file with the whole chain (fullchain.pem), and the key that belongs to it")
		return
	}
	d.expiry("the certificate in "+d.cfg.TLSCert, pair.Leaf)
}
