package config

import (
	"slices"
)

// ExposedFiles lists each once.
func ExposedFiles(found []Setting) (files []string) {
	for _, s := range found {
		if s.Exposed != "" && !slices.Contains(files, s.Exposed) {
			files = append(files, s.Exposed)
		}
	}
	return files
}
