package main

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"chatme/internal/testbed"
)

// The unit grants only what the server needs: an exposure of at most 2.0; a service without limits has 10.
func TestUnitIsHardened(t *testing.T) {
	out, err := exec.Command(testbed.Tool(t, "systemd-analyze"), "security", "--offline=true", "--threshold=20",
		filepath.Join(testbed.DeployDir, "chatme.service")).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "Overall exposure level") {
		t.Errorf("%v\n%s", err, out)
	}
}

// systemd accepts the units without warnings, and they handle the server's exit codes.
func TestUnits(t *testing.T) {
	dir := t.TempDir()
	names := []string{
		testbed.Edited(t, dir, "chatme.service", "/usr/bin/chatme", "/bin/true"),
		testbed.Edited(t, dir, "chatme.socket"),
		testbed.Edited(t, dir, "chatme-proxy.socket"),
		testbed.Edited(t, dir, "chatme-drill.service", "/usr/bin/chatme", "/bin/true"),
		testbed.Edited(t, dir, "chatme-drill.timer"),
	}
	out, err := exec.Command(testbed.Tool(t, "systemd-analyze"), append([]string{"verify", "--man=no"}, names...)...).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
	unit := string(testbed.MustRead(t, names[0]))
	for _, want := range []string{"\nType=notify\n", "\nRestart=always\n", "\nRestartPreventExitStatus=65 73 78\n", "\nStateDirectory=chatme\n"} {
		if !strings.Contains(unit, want) {
			t.Errorf("chatme.service does not contain %q", want)
		}
	}
	// Without the group, or for another reason, the socket for a proxy may fail. The server must start all the same.
	if regexp.MustCompile(`(?m)^(Requires|BindsTo)=.*chatme-proxy`).MatchString(unit) {
		t.Error("chatme.service requires chatme-proxy.socket")
	}
	socket := string(testbed.MustRead(t, names[2]))
	for _, want := range []string{"\nListenStream=/run/chatme/http.sock\n", "\nSocketGroup=chatme-proxy\n", "\nSocketMode=0660\n", "\nService=chatme.service\n"} {
		if !strings.Contains(socket, want) {
			t.Errorf("chatme-proxy.socket does not contain %q", want)
		}
	}
}

// The Debian package's files exist, and its scripts parse. make deb builds it.
func TestPackageIsWhole(t *testing.T) {
	const root = "../.."
	listed := string(testbed.MustRead(t, filepath.Join(testbed.DeployDir, "nfpm.yaml")))
	sources := regexp.MustCompile(`(?m)^ +(?:- src|postinstall|preremove|postremove): (\S+)$`).FindAllStringSubmatch(listed, -1)
	if len(sources) < 10 {
		t.Fatalf("nfpm.yaml lists %d files", len(sources))
	}
	for _, source := range sources {
		name := filepath.Join(root, source[1])
		if strings.HasPrefix(source[1], "bin/") {
			continue // make deb builds it
		}
		if strings.HasPrefix(source[1], "deploy/deb/") {
			if out, err := exec.Command("sh", "-n", name).CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", name, err, out)
			}
		}
		testbed.MustRead(t, name)
	}
}
