package config

import (
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
)

// MemoryLimit returns how many bytes this process may use: its control group's limit, or GOMEMLIMIT if that is less; 0 if
// there is neither.
func MemoryLimit() int64 {
	limit, ok := OwnGroupLimit()
	if !ok {
		limit = math.MaxInt64
	}
	if os.Getenv("GOMEMLIMIT") != "" { // otherwise tuneMemory has set Go's limit
		limit = min(limit, debug.SetMemoryLimit(-1))
	}
	if limit == math.MaxInt64 {
		return 0
	}
	return limit
}

func OwnGroupLimit() (int64, bool) { return GroupLimit("/proc/self/cgroup", "/sys/fs/cgroup") }

// GroupLimit returns the lowest memory limit in bytes of the control group named in the file self and its parents, of
// version 1 or 2, mounted at root; false if there is none. https://docs.kernel.org/admin-guide/cgroup-v2.html
func GroupLimit(self, root string) (int64, bool) {
	groups, err := os.ReadFile(self)
	if err != nil {
		return 0, false
	}
	limit, found := int64(math.MaxInt64), false
	for line := range strings.Lines(string(groups)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3) // number:controllers:path
		if len(parts) != 3 {
			continue
		}
		dir, file := root, "memory.max"
		switch parts[1] {
		case "":
		case "memory":
			dir, file = filepath.Join(root, "memory"), "memory.limit_in_bytes"
		default:
			continue
		}
		// In a container without its own cgroup namespace, root is already its group.
		for group := filepath.Join("/", parts[2]); ; group = filepath.Dir(group) {
			if n, ok := readLimit(filepath.Join(dir, group, file)); ok {
				limit, found = min(limit, n), true
			}
			if group == "/" {
				break
			}
		}
	}
	return limit, found
}

// readLimit reads one limit. Without a limit, version 2 has "max" and version 1 a number near the maximum.
func readLimit(file string) (int64, bool) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	return n, err == nil && n > 0 && n < 1<<60
}
