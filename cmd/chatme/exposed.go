package main

import (
	"slices"

	"chatme/internal/config"
)

// exposedFiles lists each once.
func exposedFiles(found []config.Setting) (files []string) {
	for _, s := range found {
		if s.Exposed != "" && !slices.Contains(files, s.Exposed) {
			files = append(files, s.Exposed)
		}
	}
	return files
}
