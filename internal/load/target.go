package load

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"chatme/internal/exit"
	"chatme/internal/pace"
	"chatme/internal/spawn"
)

// benchTarget is the measured server.
type benchTarget struct {
	name       string
	to         netip.AddrPort
	host, path string // of the upgrade
	key        string
	pid        int           // 0: not known
	database   string        // "": not known
	ready      time.Duration // how long the start took, if this command started chatme
	hibernated []string      // for grown: IDs of sessions that can be resumed
	stop       func() error
}

// target starts or finds the server.
func (c *Cmd) target(ctx context.Context, binary string) (*benchTarget, error) {
	switch {
	case c.URL != "":
		return c.running(ctx)
	case c.Exec != "":
		return c.started(ctx)
	}
	dir, err := spawn.ScratchDir("bench")
	if err != nil {
		return nil, err
	}
	v, err := spawn.New(binary, dir, "bench")
	if err != nil {
		return nil, err
	}
	var hibernated []string
	if c.Kinds[0] == "grown" {
		if hibernated, err = c.seed(ctx, v.Database()); err != nil {
			v.Remove(false, io.Discard)
			return nil, err
		}
	}
	began := time.Now()
	if err := v.Start(ctx); err != nil {
		v.Remove(false, io.Discard)
		return nil, err
	}
	ready := time.Since(began)
	to, err := netip.ParseAddrPort(v.Addr)
	t := &benchTarget{name: c.called("chatme"), to: to, host: v.Addr, path: "/", key: v.Key, pid: v.Now.Cmd.Process.Pid, database: v.Database()}
	t.ready, t.hibernated = ready, hibernated
	t.stop = func() error {
		defer v.Remove(false, io.Discard)
		if v.Died() {
			return fmt.Errorf("the server exited unexpectedly: %s", v.Now.Words)
		}
		return v.Stop()
	}
	return t, err
}

func (c *Cmd) called(otherwise string) string {
	if c.Name != "" {
		return c.Name
	}
	return otherwise
}

// running returns the server at --url.
func (c *Cmd) running(ctx context.Context) (*benchTarget, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Hostname() == "" || u.Scheme != "ws" && u.Scheme != "http" {
		return nil, exit.WithCode(exit.Config, fmt.Errorf("--url %q: want ws://host:port or http://host:port", c.URL))
	}
	port := u.Port()
	if port == "" {
		port = "80"
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Hostname())
	if err != nil {
		return nil, fmt.Errorf("--url: %w", err)
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("--url: %w", err)
	}
	to := netip.AddrPortFrom(addrs[0].Unmap(), uint16(number))
	return &benchTarget{
		name: c.called(u.Host), to: to, host: u.Host, path: u.RequestURI(), key: c.APIKey, pid: c.PID,
		stop: func() error { return nil },
	}, nil
}

// started starts the server of --exec.
func (c *Cmd) started(ctx context.Context) (*benchTarget, error) {
	// A port that is free now: the command needs an address before it could report one.
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := listener.Addr().String()
	listener.Close()
	args := strings.Fields(strings.ReplaceAll(c.Exec, "{addr}", addr))
	if len(args) == 0 {
		return nil, exit.WithCode(exit.Config, errors.New("--exec: no command"))
	}
	const key = "bench"
	cmd := exec.Command(args[0], args[1:]...)
	var words bytes.Buffer // read once the process has exited
	cmd.Stdout, cmd.Stderr = &words, &words
	cmd.Env = append(os.Environ(), "WEB_API_KEY="+key)
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("--exec: %w", err)
	}
	exited := make(chan struct{})
	go func() {
		cmd.Wait()
		close(exited)
	}()
	t := &benchTarget{name: c.called(filepath.Base(args[0])), host: addr, path: "/", key: key, pid: cmd.Process.Pid}
	t.stop = func() error {
		select {
		case <-exited:
			return fmt.Errorf("the server exited unexpectedly: %.200s", words.String())
		default:
		}
		cmd.Process.Kill()
		<-exited
		return nil
	}
	if t.to, err = netip.ParseAddrPort(addr); err == nil {
		err = answers(ctx, addr, exited)
	}
	if err != nil {
		return nil, errors.Join(err, t.stop())
	}
	return t, nil
}

// answers waits until a server listens at addr.
func answers(ctx context.Context, addr string, exited <-chan struct{}) error {
	for deadline := time.Now().Add(pace.Of(spawn.ListenWithin)); time.Now().Before(deadline); {
		if conn, err := net.Dial("tcp", addr); err == nil {
			return conn.Close()
		}
		select {
		case <-exited:
			return errors.New("--exec: the server did not start listening")
		default:
		}
		if !pace.Pause(ctx, 10*time.Millisecond) {
			return ctx.Err()
		}
	}
	return errors.New("--exec: the server did not start listening")
}

// usage is what the server and the load have used so far.
type usage struct {
	cpu, load float64 // seconds
	commits   uint32  // modulo 2³²
}

// usage reads what is known of the server; the rest is 0.
func (t *benchTarget) usage() (u usage, err error) {
	if u.load, err = cpuSeconds("self"); err == nil && t.pid != 0 {
		u.cpu, err = cpuSeconds(strconv.Itoa(t.pid))
	}
	if err == nil && t.database != "" {
		u.commits, err = walChanges(t.database)
	}
	return u, err
}

// clockTick is USER_HZ, which is the same on all Linux systems.
const clockTick = 100

// cpuSeconds returns the user and system CPU time of a process (proc_pid_stat(5), utime and stime).
func cpuSeconds(pid string) (float64, error) {
	data, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:])) // the name may contain anything
	if len(fields) < 13 {
		return 0, errors.New("/proc/" + pid + "/stat is too short")
	}
	user, err := strconv.ParseUint(fields[11], 10, 64)
	system, err2 := strconv.ParseUint(fields[12], 10, 64)
	return float64(user+system) / clockTick, errors.Join(err, err2)
}

// memory returns the server's resident set size in bytes (proc_pid_statm(5)).
func (t *benchTarget) memory() (int64, error) {
	if t.pid == 0 {
		return 0, nil
	}
	data, err := os.ReadFile("/proc/" + strconv.Itoa(t.pid) + "/statm")
	if err != nil {
		return 0, err
	}
	var size, resident int64
	if _, err := fmt.Sscan(string(data), &size, &resident); err != nil {
		return 0, fmt.Errorf("statm: %w", err)
	}
	return resident * int64(os.Getpagesize()), nil
}

// walChanges returns iChange, which each transaction increments (SQLite, "WAL-mode File Format", section 2.1).
func walChanges(database string) (uint32, error) {
	file, err := os.Open(database + "-shm")
	if err != nil {
		return 0, err
	}
	defer file.Close()
	var change [4]byte
	_, err = file.ReadAt(change[:], 8)
	return binary.NativeEndian.Uint32(change[:]), err
}

// spent is what was used between two readings, as the last members of a line; nil means not known.
type spent struct {
	CPU     *float64 `json:"cpu_s,omitempty"`
	Load    float64  `json:"load_cpu_s"`
	Commits *uint32  `json:"commits,omitempty"`
}

// spent returns what was used since u.
func (t *benchTarget) spent(u usage) (spent, error) {
	now, err := t.usage()
	if err != nil {
		return spent{}, err
	}
	s := spent{Load: rounded(now.load - u.load)}
	if t.pid != 0 {
		cpu := rounded(now.cpu - u.cpu)
		s.CPU = &cpu
	}
	if t.database != "" {
		n := now.commits - u.commits
		s.Commits = &n
	}
	return s, nil
}

// per returns the server's CPU for each of n; nil means not known.
func (s spent) per(each, n float64) *float64 {
	if s.CPU == nil || n == 0 {
		return nil
	}
	cpu := rounded(*s.CPU * each / n)
	return &cpu
}

// rounded rounds to the precision of the measurements.
func rounded(x float64) float64 {
	r, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 5, 64), 64)
	return r
}
