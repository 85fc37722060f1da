package hostile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"chatme/internal/client"
)

// troubles counts what must not happen to honest clients. It is safe for concurrent use.
type troubles struct {
	mu     sync.Mutex
	counts map[string]int
}

func (t *troubles) add(what string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts == nil {
		t.counts = map[string]int{}
	}
	text := err.Error()
	if closed, ok := errors.AsType[*client.CloseError](err); ok && closed.Code != client.CloseLost {
		text = closed.Error()
	} else if refused, ok := errors.AsType[*client.RefusedError](err); ok {
		text = strconv.Itoa(refused.Status)
	} else if errors.Is(err, context.DeadlineExceeded) {
		text = "too late"
	} else if i := strings.LastIndex(text, ": "); i >= 0 {
		text = text[i+2:]
	}
	t.counts[what+": "+text]++
}

// merge adds other, which is no longer used elsewhere.
func (t *troubles) merge(other *troubles) {
	for what, n := range other.counts {
		if t.counts == nil {
			t.counts = map[string]int{}
		}
		t.counts[what] += n
	}
}

// list returns how many there were, and what, the most frequent first.
func (t *troubles) list() (n int, what []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, count := range t.counts {
		n += count
	}
	for _, text := range slices.SortedFunc(maps.Keys(t.counts), func(a, b string) int {
		return cmp.Or(t.counts[b]-t.counts[a], strings.Compare(a, b))
	}) {
		what = append(what, fmt.Sprintf("%d × %s", t.counts[text], text))
	}
	return n, what
}
