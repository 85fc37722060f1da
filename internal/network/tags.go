package network

import (
	"cmp"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"sync"
	"time"
)

// NoTag is the tag of the clients of unknown networks.
const NoTag = "none"

// tagDigits is how many hexadecimal digits a tag has, unless it needs more.
const tagDigits = 6

// Tags names networks for the operator by a tag of the day, such as n_7f3a12: the same network has the same tag until the
// end of the day in UTC, and in this process only. A tag is a keyed hash of an ID, which is one of an address: without the
// memory of the process it leads back to neither. Tags is safe for concurrent use.
type Tags struct {
	now func() time.Time // static

	mu  sync.Mutex
	day int64 // since 1970
	key []byte
}

// NewTags returns Tags with this clock.
func NewTags(now func() time.Time) *Tags { return &Tags{now: now} }

// Of returns the tag of a network with this ID. Of 10,000 networks a few share a tag with another.
func (t *Tags) Of(id uint64) string {
	return tagOf(t.digits(id), tagDigits)
}

// All returns the tags of these networks by ID. No two are equal: one that another would share has more digits.
func (t *Tags) All(ids []uint64) map[uint64]string {
	type tagged struct {
		id     uint64
		digits string
	}
	all := make([]tagged, 0, len(ids))
	for _, id := range ids {
		all = append(all, tagged{id, t.digits(id)})
	}
	slices.SortFunc(all, func(a, b tagged) int { return cmp.Or(cmp.Compare(a.digits, b.digits), cmp.Compare(a.id, b.id)) })
	all = slices.Compact(all)
	tags := make(map[uint64]string, len(all))
	for i, each := range all {
		digits := tagDigits
		if i > 0 {
			digits = max(digits, 1+inCommon(each.digits, all[i-1].digits))
		}
		if i+1 < len(all) {
			digits = max(digits, 1+inCommon(each.digits, all[i+1].digits))
		}
		tags[each.id] = tagOf(each.digits, digits)
	}
	return tags
}

// digits returns all digits of a tag, "" for ID 0.
func (t *Tags) digits(id uint64) string {
	if id == 0 {
		return ""
	}
	sum := hmac.New(sha256.New, t.today())
	sum.Write(binary.BigEndian.AppendUint64(nil, id))
	return hex.EncodeToString(sum.Sum(nil))
}

// today returns the key of the day.
func (t *Tags) today() []byte {
	day := t.now().Unix() / int64(24*time.Hour/time.Second)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.key == nil || t.day != day {
		t.day, t.key = day, make([]byte, sha256.Size)
		rand.Read(t.key)
	}
	return t.key
}

func tagOf(digits string, n int) string {
	if digits == "" {
		return NoTag
	}
	return "n_" + digits[:min(n, len(digits))]
}

// inCommon returns how many digits a and b begin with in common.
func inCommon(a, b string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}
