package doctor

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// States of a TCP socket in the kernel's table (include/net/tcp_states.h).
const (
	tcpEstablished = "01"
	tcpListening   = "0A"
)

// tcpSocket is one row of the kernel's table (proc_pid_net(5)).
type tcpSocket struct {
	local, remote netip.AddrPort
	state         string
	inode         string
}

// tcpSockets returns all sockets of this network namespace.
func tcpSockets() (all []tcpSocket, err error) {
	for _, name := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		f, e := os.Open(name)
		if e != nil { // a machine without IPv6 has only the first
			err = e
			continue
		}
		for lines := bufio.NewScanner(f); lines.Scan(); {
			if s, ok := parseTCPSocket(lines.Text()); ok {
				all = append(all, s)
			}
		}
		f.Close()
	}
	if all != nil {
		err = nil
	}
	return all, err
}

func parseTCPSocket(line string) (s tcpSocket, ok bool) {
	fields := strings.Fields(line)
	if len(fields) < 10 {
		return s, false
	}
	var okLocal, okRemote bool
	s.local, okLocal = parseKernelAddr(fields[1])
	s.remote, okRemote = parseKernelAddr(fields[2])
	s.state, s.inode = fields[3], fields[9]
	return s, okLocal && okRemote
}

// parseKernelAddr parses an address as the kernel writes it: 32-bit words in native byte order, in hexadecimal.
func parseKernelAddr(text string) (netip.AddrPort, bool) {
	host, port, _ := strings.Cut(text, ":")
	words, err := hex.DecodeString(host)
	number, err2 := strconv.ParseUint(port, 16, 16)
	if err != nil || err2 != nil || len(words)%4 != 0 {
		return netip.AddrPort{}, false
	}
	for i := 0; i < len(words); i += 4 {
		binary.NativeEndian.PutUint32(words[i:], binary.BigEndian.Uint32(words[i:]))
	}
	addr, ok := netip.AddrFromSlice(words)
	return netip.AddrPortFrom(addr.Unmap(), uint16(number)), ok
}

// socketHolder returns a process that has the socket open, 0 if none is visible: only root sees those of other users. Of
// several it returns the one that opened the socket, not one that inherited it.
func socketHolder(inode string) int {
	links, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	found := 0
	for _, link := range links {
		target, err := os.Readlink(link)
		if err != nil || target != "socket:["+inode+"]" {
			continue
		}
		var pid int
		if _, err := fmt.Sscanf(link, "/proc/%d/", &pid); err == nil && (found == 0 || pid < found) {
			found = pid
		}
	}
	return found
}
