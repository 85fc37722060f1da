package testbed

import (
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// RunNginx runs Debian's nginx with these lines in its http block until the test ends, and returns once it listens on
// addr.
func RunNginx(tb testing.TB, addr, lines string) {
	tb.Helper()
	dir := tb.TempDir()
	name := filepath.Join(dir, "whole.conf")
	MustWrite(tb, name, fmt.Appendf(nil, `daemon off; master_process off; pid %[1]s/pid; error_log stderr;
events {}
http {
  client_body_temp_path %[1]s/1; proxy_temp_path %[1]s/2; fastcgi_temp_path %[1]s/3; uwsgi_temp_path %[1]s/4; scgi_temp_path %[1]s/5;
  %[2]s
}
`, dir, lines))
	arguments := []string{"-p", dir, "-e", "stderr", "-c", name}
	if out, err := exec.Command(Tool(tb, "nginx"), append([]string{"-t"}, arguments...)...).CombinedOutput(); err != nil {
		tb.Fatalf("%v\n%s", err, out)
	}
	RunProxy(tb, addr, exec.Command(Tool(tb, "nginx"), arguments...))
}

// RunProxy runs a proxy until the test ends, and returns once it listens on addr.
func RunProxy(tb testing.TB, addr string, proxy *exec.Cmd) {
	tb.Helper()
	said := &Record{}
	proxy.Stdout, proxy.Stderr = said, said
	if err := proxy.Start(); err != nil {
		tb.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		proxy.Wait()
	}()
	tb.Cleanup(func() { proxy.Process.Kill(); <-ended })
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for ctx := Step(tb); ; {
		if conn, err := net.Dial("tcp", addr); err == nil {
			conn.Close()
			return
		}
		select {
		case <-poll.C:
		case <-ended:
			tb.Fatalf("the proxy exited:\n%s", said)
		case <-ctx.Done():
			tb.Fatalf("the proxy does not listen:\n%s", said)
		}
	}
}
