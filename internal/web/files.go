package web

import (
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
)

// dirMax bounds a directory of files in bytes: they are held in memory, and this is a page and not a file server.
const dirMax = 32 << 20

// contentTypes are by the ending of the name, and not from a list of the machine, which differs from one to another.
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

// builtIn returns the embedded files by name, as they are served.
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

// readDir returns the files of an operator's directory by name, as they are now. It reads nothing outside of it, and
// nothing whose name, or that of a directory above it, begins with a dot.
func readDir(dir string) (map[string][]byte, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("the page's directory: %w", err)
	}
	defer root.Close()
	files, err := readFiles(root.FS())
	if err != nil {
		return nil, fmt.Errorf("the page's directory %s: %w", dir, err)
	}
	if files[pageName] == nil {
		return nil, fmt.Errorf("the page's directory %s has no %s", dir, pageName)
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
		info, err := fs.Stat(root, name) // of what a link points to
		if err != nil || hidden || !info.Mode().IsRegular() {
			return err
		}
		if total += info.Size(); total > dirMax {
			return fmt.Errorf("more than %d MiB", dirMax>>20)
		}
		files[name], err = fs.ReadFile(root, name)
		return err
	})
	return files, err
}
