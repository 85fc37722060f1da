package e2e

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"chatme/internal/exit"
	"chatme/internal/stage"
	"chatme/internal/testbed"
)

// testLocalUsers: of the other users of the machine, only members of the socket's group reach the server through it. A socket
// without systemd gets the group of its directory.
func testLocalUsers(t *testing.T, s *testbed.Site) {
	stage.Root(t, "be another user")
	const user, proxies = testbed.BareUser, 65531
	dir := filepath.Join(s.Dir, "run")
	testbed.Must(t, os.Mkdir(dir, 0o755))
	testbed.Must(t, os.Chown(dir, 0, proxies))
	testbed.Must(t, os.Chmod(dir, 0o755|os.ModeSetgid))
	for _, each := range []string{s.Dir, filepath.Dir(s.Dir)} { // the way to it
		testbed.Must(t, os.Chmod(each, 0o755))
	}
	path := filepath.Join(dir, "http.sock")
	s.Flags = []string{"--addr", s.Addr + ",unix:" + path}
	server, _ := s.Start()
	for name, tt := range map[string]struct {
		groups []uint32
		want   error
	}{
		"a member":      {[]uint32{proxies}, nil},
		"another group": {[]uint32{proxies - 1}, syscall.EACCES},
		"no group":      {nil, syscall.EACCES},
	} {
		if err := connectAs(user, tt.groups, path); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
	testbed.Must(t, answered(asks(t, path)))
	if code, _ := server.Terminate(); code != exit.OK {
		t.Errorf("exit code %d", code)
	}
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("after the shutdown: %v, want no socket", err)
	}
}

// connectAs connects to a Unix socket as a user with these groups.
func connectAs(user int, groups []uint32, path string) error {
	const program = `socket(S, AF_UNIX, SOCK_STREAM, 0) && connect(S, sockaddr_un($ARGV[0])) or exit $!`
	cmd := exec.Command("perl", "-MSocket", "-e", program, path) // essential in Debian
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(user), Gid: uint32(user), Groups: groups}}
	err := cmd.Run()
	if end, ok := errors.AsType[*exec.ExitError](err); ok {
		return syscall.Errno(end.ExitCode())
	}
	return err
}
