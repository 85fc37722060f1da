package web

import (
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
)

// dirMax limits the size of a directory in bytes: its files are kept in memory. This is not a file server.
const dirMax = 32 << 20

// contentTypes maps file name extensions. The system's list is not used because it differs between machines.
var contentTypes = map[string]string{
	".html":        "text/html; charset=utf-8",
	".css":         "text/css; charset=utf-8",
	".js":          "text/javascript; charset=utf-8",
	".mjs":         "text/javascript; charset=utf-8",
	".json":        "application/json",
	".webmanifest": "application/manifest+json",
	".svg":         "image/svg+xml",
	".png":         "image/png",
	".jpg":         "image/jpeg",
	".webp":        "image/webp",
	".ico":         "image/x-icon",
	".woff2":       "font/woff2",
	".txt":         "text/plain; charset=utf-8",
}

func contentType(name string, body []byte) string {
	if known := contentTypes[path.Ext(name)]; known != "" {
		return known
	}
	return http.DetectContentType(body)
}

// builtIn returns the embedded files by name, as served.
func builtIn() (map[string][]byte, error) {
	root, err := fs.Sub(static, "static")
	if err != nil {
		return nil, err
	}
	files, err := readFiles(root)
	for name, body := range files {
		files[name] = slim(name, body)
	}
	return files, err
}

// readDir returns the current files of an operator's directory by name. It reads nothing outside of the directory, and
// skips files and directories whose names begin with a dot.
func readDir(dir string) (map[string][]byte, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("page directory: %w", err)
	}
	defer root.Close()
	files, err := readFiles(root.FS())
	if err != nil {
		return nil, fmt.Errorf("page directory %s: %w", dir, err)
	}
	if files[pageName] == nil {
		return nil, fmt.Errorf("page directory %s has no %s", dir, pageName)
	}
	return files, nil
}

func readFiles(root fs.FS) (map[string][]byte, error) {
	files, total := map[string][]byte{}, int64(0)
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		hidden := name != "." && entry.Name()[0] == '.'
		if entry.IsDir() {
			if hidden {
				return fs.SkipDir
			}
			return nil
		}
		info, err := fs.Stat(root, name) // follows a link
		if err != nil || hidden || !info.Mode().IsRegular() {
			return err
		}
		if total += info.Size(); total > dirMax {
			return fmt.Errorf("larger than %d MiB", dirMax>>20)
		}
		files[name], err = fs.ReadFile(root, name)
		return err
	})
	return files, err
}
