package config

import (
	"slices"
	"strings"
	"testing"
)

// A Kubernetes Service or a linked container named chatme must not keep the server from starting.
func TestServiceLinksAreIgnored(t *testing.T) {
	const address = "tcp://10.96.12.7:8787"
	links := []string{
		// Kubernetes, for the Services chatme, chatme-web (one with a port "web" too) and chatme-admin.
		"CHATME_SERVICE_HOST=10.96.12.7", "CHATME_SERVICE_PORT=8787", "CHATME_SERVICE_PORT_HTTP=8787",
		"CHATME_PORT=" + address, "CHATME_PORT_8787_TCP=" + address, "CHATME_PORT_8787_TCP_PROTO=tcp", "CHATME_PORT_8787_TCP_PORT=8787", "CHATME_PORT_8787_TCP_ADDR=10.96.12.7",
		"CHATME_WEB_SERVICE_HOST=fd00::7", "CHATME_WEB_SERVICE_PORT=80", "CHATME_WEB_SERVICE_PORT_WEB=80", "CHATME_WEB_PORT=udp://[fd00::7]:53",
		"CHATME_WEB_PORT_53_UDP=udp://[fd00::7]:53", "CHATME_WEB_PORT_53_UDP_PROTO=udp", "CHATME_WEB_PORT_53_UDP_PORT=53", "CHATME_WEB_PORT_53_UDP_ADDR=fd00::7",
		"CHATME_ADMIN_PORT=sctp://10.96.12.7:1", "CHATME_ADMIN_PORT_1_SCTP=sctp://10.96.12.7:1", "CHATME_ADMIN_PORT_1_SCTP_PROTO=sctp",
		"CHATME_PORT_8787_TCP_SERVICE_HOST=10.96.12.7",
		// Docker, for links called chatme and chatme_db_1, one with a range of ports.
		"CHATME_NAME=/page/chatme", "CHATME_ENV_PATH=/bin", "CHATME_ENV_CHATME_ADDR=:1", "CHATME_ENV_x.y=1",
		"CHATME_DB_1_NAME=/page/chatme_db_1", "CHATME_DB_1_PORT=" + address, "CHATME_DB_1_PORT_1_TCP_START=" + address, "CHATME_DB_1_PORT_1_TCP_END=" + address,
		"CHATME_DB_1_PORT_1_TCP_PORT_START=1", "CHATME_DB_1_PORT_1_TCP_PORT_END=3", "CHATME_DB_1_ENV_WEB_API_KEY=k",
	}
	mustWriteFiles(t, nil)
	cfg, settings, err := Load(Sources{Environ: append(links, someKey, "CHATME_WEB=off")})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Web != "off" {
		t.Error("CHATME_WEB is a setting, and was ignored")
	}
	for _, s := range settings {
		if s.From == "environment" && s.Env != "WEB_API_KEY" && s.Env != "CHATME_WEB" {
			t.Errorf("%s was taken from a link", s.Env)
		}
	}
}

// A name that only resembles a link is a mistake, and so is a link in a file, which neither Docker nor Kubernetes writes.
func TestTyposAreNoServiceLinks(t *testing.T) {
	typos := []string{
		"CHATME_PORT=8787", "CHATME_PROT=tcp://10.0.0.1:1", "CHATME_WEB_PORT=on", "CHATME_PORT=", "CHATME_SERVICE=x", "CHATME_SERVICE_HOSTS=x", "CHATME_HOST=x",
		"CHATME_PORT_TCP=tcp://10.0.0.1:1", "CHATME_PORT_80_HTTP=x", "CHATME_PORT_80_TCP_X=x", "CHATME_ENV=x", "CHATME_ENV_=x", "CHATME_NAMES=x", "CHATME_=x",
	}
	mustWriteFiles(t, map[string]string{"file": "CHATME_SERVICE_HOST=10.96.12.7\n" + someKey})
	for _, typo := range typos {
		name, _, _ := strings.Cut(typo, "=")
		if _, _, err := Load(Sources{Environ: []string{typo, someKey}}); err == nil || !strings.Contains(err.Error(), name+" (from the environment): unknown setting") {
			t.Errorf("%s: %v", typo, err)
		}
	}
	if _, _, err := Load(Sources{File: "file"}); err == nil || !strings.Contains(err.Error(), "CHATME_SERVICE_HOST (from file, line 1): unknown setting") {
		t.Errorf("a link in a file: %v", err)
	}
}

// A setting of that form would be overridden by a service with a matching name.
func TestNoSettingHasTheFormOfAServiceLink(t *testing.T) {
	for _, s := range settingsOf(&Config{}) {
		for _, text := range []string{"", s.Default, "tcp://10.96.12.7:8787"} {
			if isServiceLink(s.Env, text) {
				t.Errorf("%s=%s has the form of what Kubernetes and Docker set", s.Env, text)
			}
		}
	}
	if !slices.ContainsFunc(settingsOf(&Config{}), func(s Setting) bool { return s.Env == "CHATME_WEB" }) {
		t.Error("CHATME_WEB is not among the settings")
	}
}
