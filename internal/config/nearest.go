package config

import "strings"

// nearest returns the environment name most similar to name, or "" if none is similar.
func nearest(name string, settings []Setting) string {
	own := strings.TrimPrefix(name, ownPrefix)
	best, least := "", len(own)/2+1 // with more than half changed it is another name
	for _, s := range settings {
		if d := distance(own, strings.TrimPrefix(s.Env, ownPrefix)); d < least {
			best, least = s.Env, d
		}
	}
	return best
}

// distance returns how many letters must be inserted, deleted or replaced to turn a into b (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1) // row[j]: from the first i letters of a to the first j of b
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(row[j]+1, row[j+1]+1, replaced)
		}
	}
	return row[len(b)]
}
