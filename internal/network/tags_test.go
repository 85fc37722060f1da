package network

import (
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestTags(t *testing.T) {
	now := time.Date(2026, 11, 27, 23, 59, 59, 0, time.UTC)
	tags := NewTags(func() time.Time { return now })
	id := Of(netip.MustParseAddr("203.0.113.77")).ID()
	tag := tags.Of(id)
	if !regexp.MustCompile(`^n_[0-9a-f]{6}$`).MatchString(tag) {
		t.Errorf("the tag is %q", tag)
	}
	if again := tags.Of(id); again != tag {
		t.Errorf("later that day it is %q, not %q", again, tag)
	}
	if other := tags.Of(Of(netip.MustParseAddr("203.0.113.78")).ID()); other == tag {
		t.Errorf("another network has the same tag, %q", other)
	}
	if other := NewTags(func() time.Time { return now }).Of(id); other == tag {
		t.Errorf("another process has the same tag, %q", other)
	}
	now = now.Add(time.Second)
	if tomorrow := tags.Of(id); tomorrow == tag {
		t.Errorf("tomorrow it is still %q", tomorrow)
	}
	if none := tags.Of(0); none != NoTag {
		t.Errorf("the tag of no network is %q", none)
	}
}

// A list names 20,000 networks by different tags, each with as few digits as it needs.
func TestTagsOfAListDiffer(t *testing.T) {
	tags := NewTags(time.Now)
	ids := []uint64{0, 1, 1}
	for id := range uint64(20_000) { // a dozen pairs of them have their first six digits in common
		ids = append(ids, id+1)
	}
	all := tags.All(ids)
	if len(all) != 20_001 || all[0] != NoTag {
		t.Fatalf("%d tags, of no network %q", len(all), all[0])
	}
	seen, long := map[string]bool{}, 0
	for id, tag := range all {
		if seen[tag] {
			t.Errorf("two networks are %s", tag)
		}
		seen[tag] = true
		if short := tags.Of(id); !strings.HasPrefix(tag, short) {
			t.Errorf("%s in a list and %s alone", tag, short)
		} else if tag != short {
			long++
		}
	}
	if long == 0 || long > 200 {
		t.Errorf("%d of 20,000 tags are long", long)
	}
}
