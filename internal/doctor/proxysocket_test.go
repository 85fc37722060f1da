package doctor

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"chatme/internal/exit"
	"chatme/internal/testbed"
	"chatme/internal/testbed/inside"
)

// TestDoctorSocketToBe examines what is at the path of a Unix socket before the server makes it.
func TestDoctorSocketToBe(t *testing.T) {
	for name, tt := range map[string]struct {
		make         func(t *testing.T, path string)
		state        findingState
		text, remedy string
	}{
		"nothing": {func(*testing.T, string) {}, findingOK, "is free", ""},
		"no directory": {func(t *testing.T, path string) { testbed.Must(t, os.Remove(filepath.Dir(path))) },
			findingProblem, "no such file", "create the directory"},
		"a file": {func(t *testing.T, path string) { writeAged(t, path, 0o600, 0) },
			findingProblem, "something else is already there", "CHATME_ADDR"},
		"a killed server": {func(t *testing.T, path string) {
			l := listenOn(t, path)
			l.SetUnlinkOnClose(false)
			l.Close()
		}, findingOK, "left from a server that was killed", ""},
		"another server": {func(t *testing.T, path string) { listenOn(t, path) }, findingProblem, "is in use by process", "CHATME_ADDR"},
	} {
		t.Run(name, func(t *testing.T) {
			d := patient(t)
			path := filepath.Join(t.TempDir(), "s")
			tt.make(t, path)
			d.cfg.Addr = "127.0.0.1:0,unix:" + path
			d.listeners()
			d.findings.wants(t, findingOK, "port", "127.0.0.1:0 is free", "")
			d.findings.wants(t, tt.state, "proxy socket", "unix:"+path, tt.remedy)
			d.findings.wants(t, tt.state, "proxy socket", tt.text, tt.remedy)
		})
	}
}

func listenOn(t *testing.T, path string) *net.UnixListener {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	testbed.Must(t, err)
	t.Cleanup(func() { l.Close() })
	return l
}

// TestDoctorListensTwice: doctor checks each address of the server, who may use the socket, and what comes through it.
func TestDoctorListensTwice(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	env := []string{"WEB_API_KEY=" + inside.WebTestKey, quickPings, "CHATME_TRUSTED_PROXIES="}
	server := inside.StartServed(t, env, "--addr", "127.0.0.1:0,unix:"+path)
	port, _, _ := strings.Cut(server.Addr, ",")
	s := &inside.Running{Addr: server.Addr, DB: server.DB, Env: slices.Concat(testbed.Unhurried(), env, []string{"CHATME_DB=" + server.DB})}

	const forward = "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"
	code, found := doctored(t, s, "--url", "http://"+nginx(t, "unix:"+path+":", nginxUpgrade+forward))
	if code != exit.OK {
		t.Errorf("exit code %d: %+v", code, found)
	}
	found.Findings.wants(t, findingOK, "port", "the server answers on "+port, "")
	found.Findings.wants(t, findingOK, "proxy socket", "the server answers on unix:"+path, "")
	found.Findings.wants(t, findingOK, "proxy", "through a proxy on the Unix socket, which is trusted and forwards", "")
	_, found = doctored(t, s, "--url", "http://"+nginx(t, "unix:"+path+":", nginxUpgrade))
	found.Findings.wants(t, findingProblem, "proxy", "sends no X-Forwarded-For: none of them has an address", "")

	testbed.Must(t, os.Chmod(path, 0o666))
	_, found = doctored(t, s)
	found.Findings.wants(t, findingWarning, "proxy socket", "mode 0666: any local user may claim", "SocketMode=0660")
}
