package network

import (
	"math/bits"
	"sync/atomic"
	"time"
)

const (
	rows     = 2
	cellBits = 14
	cells    = 1 << cellBits // in a row
)

// Table holds a bucket for each network, for one kind of thing, in 256 KiB whatever the number of networks: each has a
// cell in each of two rows. Networks that share a cell count together there, and the smaller debt of the two decides, so
// a network pays for others only if it shares both. Nothing is ever evicted, so no flood of networks makes a Table forget
// one. The zero Table is empty. It is safe for concurrent use.
type Table struct {
	rows [rows][cells]atomic.Int64 // a Bucket each
}

// at returns the cell of an ID in a row.
func (t *Table) at(row int, id uint64) *atomic.Int64 {
	return &t.rows[row][bits.RotateLeft64(id, row*32)>>(64-cellBits)]
}

// Take charges n units to from, as Bucket.Take does: in any case. The /56 and /48 of an IPv6 network are charged as well,
// and the longest wait counts.
func (t *Table) Take(from Network, r Rate, n, now int64) (wait time.Duration) {
	for level, id := range from.ids {
		if id == 0 {
			break
		}
		least, cost := time.Duration(1<<62), r.cost(n)>>widths[level]
		for row := range rows {
			least = min(least, r.wait(charge(t.at(row, id), cost, now), now))
		}
		wait = max(wait, least)
	}
	return wait
}

// charge adds cost to the debt of a cell and returns when that ends.
func charge(cell *atomic.Int64, cost, now int64) int64 {
	for {
		old := cell.Load()
		tat := max(old, now) + cost
		if cell.CompareAndSwap(old, tat) {
			return tat
		}
	}
}

// Wait returns how long it takes until from may use n more units, and charges nothing.
func (t *Table) Wait(from Network, r Rate, n, now int64) (wait time.Duration) {
	for level, id := range from.ids {
		if id == 0 {
			break
		}
		tat := t.at(0, id).Load()
		for row := 1; row < rows; row++ {
			tat = min(tat, t.at(row, id).Load())
		}
		wait = max(wait, r.wait(max(tat, now)+r.cost(n)>>widths[level], now))
	}
	return wait
}

// Allow is for a caller that refuses instead of waiting: it charges n units and returns 0 if from may use them now, and
// otherwise charges nothing and returns after how long it may. Of several calls at once each may take the last unit.
func (t *Table) Allow(from Network, r Rate, n, now int64) time.Duration {
	if wait := t.Wait(from, r, n, now); wait > 0 {
		return wait
	}
	t.Take(from, r, n, now)
	return 0
}

// Tables are the tables of a server, one for each kind of thing.
type Tables struct {
	Connects Table // new sockets
	Sessions Table // new sessions that get a row
	Searches Table
	Bytes    Table // received
	Keys     Table // wrong ones
	Resumes  Table // by session: see OfSession
}

// Rates are the rates of Tables.
type Rates struct {
	Connects, Sessions, Searches, Bytes, Keys, Resumes Rate
}
