package doctor

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"chatme/internal/descriptors"
)

// serverProcess is a server's process as /proc shows it, or the one that would be started.
type serverProcess struct {
	pid    int // 0: none runs
	uid    uint32
	gids   []uint32
	files  uint64 // its descriptor limit; 0: not known
	nobody bool   // the user is not known
}

// processOf returns what is known of a running process.
func processOf(pid int) serverProcess {
	p := serverProcess{pid: pid}
	var st unix.Stat_t
	if unix.Stat(fmt.Sprintf("/proc/%d", pid), &st) != nil {
		p.nobody = true
		return p
	}
	p.uid, p.gids = st.Uid, []uint32{st.Gid}
	p.gids = append(p.gids, groupsOf(pid)...)
	p.files = descriptorLimit(pid)
	return p
}

// groupsOf reads the supplementary groups (proc_pid_status(5)).
func groupsOf(pid int) (gids []uint32) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(content)) {
		if rest, ok := strings.CutPrefix(line, "Groups:"); ok {
			for _, field := range strings.Fields(rest) {
				if gid, err := strconv.ParseUint(field, 10, 32); err == nil {
					gids = append(gids, uint32(gid))
				}
			}
		}
	}
	return gids
}

// descriptorLimit returns the soft limit of a process (proc_pid_limits(5)), 0 if it cannot be read.
func descriptorLimit(pid int) uint64 {
	f, err := os.Open(fmt.Sprintf("/proc/%d/limits", pid))
	if err != nil {
		return 0
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "Max open files"); ok {
			soft, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
			limit, _ := strconv.ParseUint(soft, 10, 64)
			return limit
		}
	}
	return 0
}

// fewSockets is a limit that is too low for all but small groups; it is the default of many systems.
const fewSockets = 1024

// descriptors checks that the descriptor limit has room for the sockets.
func (d *doctor) descriptors() {
	limit, whose := d.server.files, "the server's limit"
	if limit == 0 {
		var own unix.Rlimit
		if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &own); err != nil {
			d.unchecked("descriptors", err.Error(), "")
			return
		}
		limit, whose = uint64(own.Cur), "the limit for a server started from here"
	}
	d.descriptorLimit(int64(min(limit, 1<<30)), whose)
}

func (d *doctor) descriptorLimit(limit int64, whose string) {
	const remedy = "raise it: LimitNOFILE=65536 in the unit, --ulimit nofile=65536 for a container, or ulimit -n"
	if !d.known("CHATME_MAX_CONNS") {
		d.unsettled("descriptors")
		return
	}
	files, err := descriptors.ShareOut(int(limit), int(d.cfg.MaxConns))
	switch wanted := int64(d.cfg.MaxConns); {
	case err != nil:
		d.problem("descriptors", fmt.Sprintf("%s is %d, and max-conns %d needs %d: the server does not start",
			whose, limit, wanted, wanted+descriptors.Spare), remedy)
	case wanted == 0 && limit <= fewSockets:
		d.warning("descriptors", fmt.Sprintf("%s is %d: room for %d clients at a time", whose, limit, files.Sockets), remedy)
	case wanted == 0:
		d.ok("descriptors", "%s is %d: room for %d clients at a time", whose, limit, files.Sockets)
	default:
		d.ok("descriptors", "%s is %d, and max-conns is %d", whose, limit, wanted)
	}
}

// named returns a process's number and name, for messages.
func named(pid int) string {
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	if err != nil {
		return fmt.Sprintf("process %d", pid)
	}
	return fmt.Sprintf("process %d (%s)", pid, strings.TrimSpace(string(name)))
}
