package explore

import (
	"reflect"
	"unsafe"
)

// cloner copies what a value, already copied itself, refers to. It is nil for a type without references.
func (c *codec) cloner(t reflect.Type) func(dst, src unsafe.Pointer, seen map[unsafe.Pointer]unsafe.Pointer) {
	if f, ok := c.cloners[t]; ok {
		return f
	}
	if !refers(t) {
		c.cloners[t] = nil
		return nil
	}
	var f func(dst, src unsafe.Pointer, seen map[unsafe.Pointer]unsafe.Pointer)
	c.cloners[t] = func(dst, src unsafe.Pointer, seen map[unsafe.Pointer]unsafe.Pointer) { f(dst, src, seen) }
	f = c.makeCloner(t)
	c.cloners[t] = f
	return f
}

// refers reports whether a value of t shares something with its shallow copy. Strings are immutable.
func refers(t reflect.Type) bool {
	if fixed[t] {
		return false
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return true
	case reflect.Array:
		return refers(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if refers(t.Field(i).Type) {
				return true
			}
		}
	}
	return false
}

func (c *codec) makeCloner(t reflect.Type) func(dst, src unsafe.Pointer, seen map[unsafe.Pointer]unsafe.Pointer) {
	switch t.Kind() {
	case reflect.Pointer:
		elem := c.cloner(t.Elem())
		return func(dst, src unsafe.Pointer, seen map[unsafe.Pointer]unsafe.Pointer) {
			from := *(*unsafe.Pointer)(src)
			if from == nil {
				return
			}
			to, ok := seen[from]
			if !ok {
				v := reflect.New(t.Elem())
				v.Elem().Set(reflect.NewAt(t.Elem(), from).Elem())
				to = v.UnsafePointer()
				seen[from] = to
				if elem != nil {
					elem(to, from, seen)
				}
			}
			*(*unsafe.Pointer)(dst) = to
		}
	case reflect.Slice:
		elem, size := c.cloner(t.Elem()), t.Elem().Size()
		return func(dst, src unsafe.Pointer, seen map[unsafe.Pointer]unsafe.Pointer) {
			from := reflect.NewAt(t, src).Elem()
			if from.IsNil() {
				return
			}
			to := reflect.MakeSlice(t, from.Len(), from.Len())
			reflect.Copy(to, from)
			for i := 0; elem != nil && i < from.Len(); i++ {
				elem(unsafe.Add(to.UnsafePointer(), uintptr(i)*size), unsafe.Add(from.UnsafePointer(), uintptr(i)*size), seen)
			}
			reflect.NewAt(t, dst).Elem().Set(to)
		}
	case reflect.Map:
		return c.mapCloner(t)
	case reflect.Struct:
		type part struct {
			at uintptr
			f  func(dst, src unsafe.Pointer, seen map[unsafe.Pointer]unsafe.Pointer)
		}
		var parts []part
		for i := range t.NumField() {
			if f := c.cloner(t.Field(i).Type); f != nil {
				parts = append(parts, part{t.Field(i).Offset, f})
			}
		}
		return func(dst, src unsafe.Pointer, seen map[unsafe.Pointer]unsafe.Pointer) {
			for _, each := range parts {
				each.f(unsafe.Add(dst, each.at), unsafe.Add(src, each.at), seen)
			}
		}
	case reflect.Array:
		elem, size := c.cloner(t.Elem()), t.Elem().Size()
		return func(dst, src unsafe.Pointer, seen map[unsafe.Pointer]unsafe.Pointer) {
			for i := range t.Len() {
				elem(unsafe.Add(dst, uintptr(i)*size), unsafe.Add(src, uintptr(i)*size), seen)
			}
		}
	}
	panic("clone of " + t.String())
}

func (c *codec) mapCloner(t reflect.Type) func(dst, src unsafe.Pointer, seen map[unsafe.Pointer]unsafe.Pointer) {
	elem := c.cloner(t.Elem())
	return func(dst, src unsafe.Pointer, seen map[unsafe.Pointer]unsafe.Pointer) {
		from := reflect.NewAt(t, src).Elem()
		if from.IsNil() {
			return
		}
		to := reflect.MakeMapWithSize(t, from.Len())
		for it := from.MapRange(); it.Next(); {
			v, w := reflect.New(t.Elem()), reflect.New(t.Elem())
			v.Elem().SetIterValue(it)
			w.Elem().SetIterValue(it)
			if elem != nil {
				elem(w.UnsafePointer(), v.UnsafePointer(), seen)
			}
			to.SetMapIndex(it.Key(), w.Elem())
		}
		reflect.NewAt(t, dst).Elem().Set(to)
	}
}
