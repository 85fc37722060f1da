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

// OwnBinary returns the path of this executable and the SHA-256 of its contents.
func OwnBinary() (path, hash string, err error) {
	if path, err = os.Executable(); err != nil { // it reads /proc
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

// ScratchDir creates a directory for a developer command, in $TMPDIR or the system's default.
func ScratchDir(purpose string) (string, error) {
	dir, err := os.MkdirTemp("", "chatme-"+purpose+"-*")
	if err != nil {
		return "", exit.WithCode(exit.NotWritable, fmt.Errorf("create a scratch directory: %w; set TMPDIR to a writable directory", err))
	}
	return dir, nil
}
