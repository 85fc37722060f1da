package explore

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
	"unsafe"

	"chatme/internal/chat"
)

// A world is hashed, so that a known state is not explored again, and cloned, so that each of its futures can be
// tried. Both follow the fields of the lobby by reflection, including unexported ones.

// fixed lists the types that all clones share and that do not count in a hash.
var fixed = map[reflect.Type]bool{
	reflect.TypeFor[*plan](): true, reflect.TypeFor[*cell](): true, reflect.TypeFor[*strings.Builder](): true,
	reflect.TypeFor[error](): true, reflect.TypeFor[func() chat.Alias](): true,
	reflect.TypeFor[func(chat.ConnID) chat.Sight](): true,
}

// codec caches how each type is hashed and cloned. It is not safe for concurrent use.
type codec struct {
	hashers map[reflect.Type]func(unsafe.Pointer, *hashing)
	cloners map[reflect.Type]func(dst, src unsafe.Pointer, seen map[unsafe.Pointer]unsafe.Pointer)
}

type hashing struct {
	sum       uint64
	seen      map[unsafe.Pointer]uint64
	committed uint64
}

// batches lists the fields that hold batch numbers. All committed batches count as equal; an uncommitted one counts by its
// distance from them.
var batches = map[string]bool{"changed": true, "After": true, "committed": true, "batch": true, "need": true}

func (x *hashing) mix(v uint64) {
	x.sum = (x.sum ^ v) * 0x9E3779B97F4A7C15
	x.sum ^= x.sum >> 29
}

func newCodec() *codec {
	return &codec{
		hashers: make(map[reflect.Type]func(unsafe.Pointer, *hashing)),
		cloners: make(map[reflect.Type]func(dst, src unsafe.Pointer, seen map[unsafe.Pointer]unsafe.Pointer)),
	}
}

func (c *codec) hash(w *world) uint64 {
	x := hashing{seen: make(map[unsafe.Pointer]uint64, 32), committed: w.committed}
	c.hasher(reflect.TypeFor[world]())(unsafe.Pointer(w), &x)
	return x.sum
}

func (c *codec) clone(w *world) *world {
	to := new(world)
	*to = *w
	if f := c.cloner(reflect.TypeFor[world]()); f != nil {
		f(unsafe.Pointer(to), unsafe.Pointer(w), make(map[unsafe.Pointer]unsafe.Pointer))
	}
	return to
}

func (c *codec) hasher(t reflect.Type) func(unsafe.Pointer, *hashing) {
	if f := c.hashers[t]; f != nil {
		return f
	}
	var f func(unsafe.Pointer, *hashing)
	c.hashers[t] = func(p unsafe.Pointer, x *hashing) { f(p, x) } // for types that contain themselves
	f = c.makeHasher(t)
	c.hashers[t] = f
	return f
}

func (c *codec) makeHasher(t reflect.Type) func(unsafe.Pointer, *hashing) {
	if fixed[t] || t.Kind() == reflect.Func {
		return func(unsafe.Pointer, *hashing) {}
	}
	switch t.Kind() {
	case reflect.Bool, reflect.Int8, reflect.Uint8:
		return func(p unsafe.Pointer, x *hashing) { x.mix(uint64(*(*uint8)(p))) }
	case reflect.Int, reflect.Int64, reflect.Uint, reflect.Uint64, reflect.Float64:
		return func(p unsafe.Pointer, x *hashing) { x.mix(*(*uint64)(p)) }
	case reflect.Int32, reflect.Uint32:
		return func(p unsafe.Pointer, x *hashing) { x.mix(uint64(*(*uint32)(p))) }
	case reflect.String:
		return func(p unsafe.Pointer, x *hashing) {
			s := *(*string)(p)
			for i := range len(s) {
				x.sum = (x.sum ^ uint64(s[i])) * 0x100000001b3
			}
			x.mix(uint64(len(s)))
		}
	case reflect.Pointer:
		elem := c.hasher(t.Elem())
		return func(p unsafe.Pointer, x *hashing) {
			to := *(*unsafe.Pointer)(p)
			if to == nil {
				x.mix(0)
			} else if k, ok := x.seen[to]; ok {
				x.mix(k)
			} else {
				x.seen[to] = uint64(len(x.seen) + 1)
				elem(to, x)
			}
		}
	case reflect.Struct:
		return c.structHasher(t)
	case reflect.Array:
		elem, size := c.hasher(t.Elem()), t.Elem().Size()
		return func(p unsafe.Pointer, x *hashing) {
			for i := range t.Len() {
				elem(unsafe.Add(p, uintptr(i)*size), x)
			}
		}
	case reflect.Slice:
		elem, size := c.hasher(t.Elem()), t.Elem().Size()
		return func(p unsafe.Pointer, x *hashing) {
			s := *(*[]byte)(p) // of this type or another: a pointer and a length
			x.mix(uint64(len(s)))
			for i := range len(s) {
				elem(unsafe.Add(unsafe.Pointer(unsafe.SliceData(s)), uintptr(i)*size), x)
			}
		}
	case reflect.Map:
		return c.mapHasher(t)
	}
	panic("hash of " + t.String())
}

func (c *codec) structHasher(t reflect.Type) func(unsafe.Pointer, *hashing) {
	type part struct {
		at uintptr
		f  func(unsafe.Pointer, *hashing)
	}
	var parts []part
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Type == reflect.TypeFor[[]chat.Event]() && t == reflect.TypeFor[chat.Lobby]() {
			continue // of the last step
		}
		if f.Name == "spare" {
			continue // unused until it is used again
		}
		h := c.hasher(f.Type)
		if f.Type.Kind() == reflect.Uint64 && (batches[f.Name] || t == reflect.TypeFor[chat.Batch]()) {
			h = func(p unsafe.Pointer, x *hashing) { n := *(*uint64)(p); x.mix(max(n, x.committed) - x.committed) }
		}
		parts = append(parts, part{f.Offset, h})
	}
	return func(p unsafe.Pointer, x *hashing) {
		for _, each := range parts {
			each.f(unsafe.Add(p, each.at), x)
		}
	}
}

// mapHasher visits a map in the order of the hashes of its keys, which contain no pointers.
func (c *codec) mapHasher(t reflect.Type) func(unsafe.Pointer, *hashing) {
	key, elem := c.hasher(t.Key()), c.hasher(t.Elem())
	type entry struct {
		key   uint64
		value unsafe.Pointer
	}
	return func(p unsafe.Pointer, x *hashing) {
		m := reflect.NewAt(t, p).Elem()
		all := make([]entry, 0, m.Len())
		for it := m.MapRange(); it.Next(); {
			k, v := reflect.New(t.Key()), reflect.New(t.Elem())
			k.Elem().SetIterKey(it)
			v.Elem().SetIterValue(it)
			var y hashing
			key(k.UnsafePointer(), &y)
			all = append(all, entry{y.sum, v.UnsafePointer()})
		}
		slices.SortFunc(all, func(a, b entry) int { return cmp.Compare(a.key, b.key) })
		x.mix(uint64(len(all)))
		for _, each := range all {
			x.mix(each.key)
			elem(each.value, x)
		}
	}
}
