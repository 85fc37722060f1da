package spawn

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"chatme/internal/exit"
)

// OwnBinary is the path of this executable and the SHA-256 of what is there.
func OwnBinary() (path, hash string, err error) {
	if path, err = os.Executable(); err != nil { // it asks /proc
		if path, err = exec.LookPath(os.Args[0]); err == nil {
			path, err = filepath.Abs(path)
		}
	}
	if err != nil {
		return "", "", fmt.Errorf("find this executable: %w", err)
	}
	f, err := os.Open(path)
	if err != nil {
		return "", "", err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", "", fmt.Errorf("hash %s: %w", path, err)
	}
	return path, hex.EncodeToString(sum.Sum(nil)), nil
}

// ScratchDir makes a directory for a command of developers, in $TMPDIR or where the system has such.
func ScratchDir(purpose string) (string, error) {
	dir, err := os.MkdirTemp("", "chatme-"+purpose+"-*")
	if err != nil {
		return "", exit.WithCode(exit.NotWritable, fmt.Errorf("make a scratch directory: %w; name a directory for it in TMPDIR", err))
	}
	return dir, nil
}
