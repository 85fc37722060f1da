package chat

// item is something that happens at a moment. Of the items due at the same moment, as all are after a restart, the one
// with the lowest number comes first.
type item interface {
	comparable
	when() (due Time, number uint64)
	place() *int // its index in the agenda, -1: not in it; written by the agenda only
}

// agenda is a heap of items, the soonest first.
type agenda[T item] []T

func (a agenda[T]) before(i, j int) bool {
	di, ni := a[i].when()
	dj, nj := a[j].when()
	return di < dj || di == dj && ni < nj
}

func (a agenda[T]) swap(i, j int) {
	a[i], a[j] = a[j], a[i]
	*a[i].place(), *a[j].place() = i, j
}

func (a agenda[T]) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if !a.before(i, parent) {
			return
		}
		a.swap(i, parent)
		i = parent
	}
}

func (a agenda[T]) down(i int) {
	for {
		first := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(a); child++ {
			if a.before(child, first) {
				first = child
			}
		}
		if first == i {
			return
		}
		a.swap(i, first)
		i = first
	}
}

// fix moves it, which may be new, to the position of its moment; 0: it has none, and is removed.
func (a *agenda[T]) fix(it T) {
	at := it.place()
	switch due, _ := it.when(); {
	case due == 0 && *at < 0:
		return
	case due == 0:
		i, last := *at, len(*a)-1
		a.swap(i, last)
		*at = -1
		var none T
		(*a)[last] = none
		*a = (*a)[:last]
		if i < last {
			a.down(i)
			a.up(i)
		}
		return
	case *at < 0:
		*at = len(*a)
		*a = append(*a, it)
	}
	a.down(*at)
	a.up(*at)
}

// first returns the moment of the first item; false if there is none.
func (a agenda[T]) first() (Time, bool) {
	if len(a) == 0 {
		return 0, false
	}
	due, _ := a[0].when()
	return due, true
}
