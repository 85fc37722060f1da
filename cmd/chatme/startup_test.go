package main

import (
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"
)

// Known defect: a package of a hidden command made a picture of 15 MiB as it was initialized, in every server. All packages
// of the program are in this test's binary.
func TestStartAllocatesLittle(t *testing.T) {
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), "GODEBUG=inittrace=1") // see package runtime
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	lines := regexp.MustCompile(`(?m)^init (\S+) .*, (\d+) bytes, `).FindAllStringSubmatch(string(out), -1)
	if len(lines) < 10 {
		t.Fatalf("only %d packages are listed: %s", len(lines), out)
	}
	const most = 256 << 10
	for _, line := range lines {
		if n, _ := strconv.Atoi(line[2]); n > most {
			t.Errorf("package %s allocates %d bytes as it is initialized", line[1], n)
		}
	}
}
