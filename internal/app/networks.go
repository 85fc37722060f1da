package app

import (
	"cmp"
	"math"
	"net/http"
	"slices"

	"chatme/internal/admin"
	"chatme/internal/chat"
	"chatme/internal/network"
	"chatme/internal/store"
)

// answerNetworks lists the networks that have sockets or sessions, the largest first.
func (s *instance) answerNetworks(r *http.Request) (any, error) {
	sessions, stats := s.hub.Networks(), s.hub.Stats()
	_, delayed := s.endpoint.Waiting()
	held := s.endpoint.Networks(math.MaxInt)
	listed := make(map[uint64]bool, len(held))
	for _, h := range held {
		listed[h.ID] = true
	}
	for id := range sessions {
		if !listed[uint64(id)] {
			held = append(held, network.Holding{ID: uint64(id)}) // its sessions are away
		}
	}
	slices.SortStableFunc(held, func(a, b network.Holding) int {
		x, y := sessions[chat.Network(a.ID)], sessions[chat.Network(b.ID)]
		return cmp.Or(cmp.Compare(b.Sockets, a.Sockets), cmp.Compare(y.Away, x.Away), cmp.Compare(a.ID, b.ID))
	})
	answer := admin.NetworksAnswer{
		Networks: []admin.NetworkRow{}, Total: int64(len(held)),
		LowPriority: stats.Policy.String(), Need: admin.Streaks{Ignored: stats.Need.Ignored, Short: stats.Need.Short},
	}
	held = held[:min(len(held), limitOf(r))]
	hour, share, sockets := s.endpoint.LargestNetwork()
	ids := []uint64{hour}
	for _, h := range held {
		ids = append(ids, h.ID)
	}
	tags := s.tags.All(ids)
	answer.Hour = admin.NetworkHour{Network: tags[hour], Share: share, Sockets: sockets}
	for _, h := range held {
		n := sessions[chat.Network(h.ID)]
		answer.Networks = append(answer.Networks, admin.NetworkRow{
			Network: tags[h.ID], Sockets: h.Sockets, Share: h.Share, Delayed: delayed[h.ID],
			Idle: n.Idle, Waiting: n.Waiting, Matched: n.Matched, Away: n.Away,
			Streaks: admin.Streaks{Ignored: n.Ignored, Short: n.Short}, StandsOut: n.StandsOut, Standing: n.LowPriority,
		})
	}
	return answer, nil
}

// sessionRows adds to rows what is known about the sessions in memory.
func sessionRows(rows []store.SessionRow, inMemory []chat.SessionInfo, tags *network.Tags) []admin.SessionRow {
	named := make(map[string]chat.SessionInfo, len(inMemory))
	shared := map[string]bool{} // names of several sessions
	for _, info := range inMemory {
		name := info.Hash.String()
		if _, taken := named[name]; taken {
			shared[name] = true
		}
		named[name] = info
	}
	all, ids := make([]admin.SessionRow, len(rows)), make([]uint64, len(rows))
	for i, row := range rows {
		all[i].SessionRow, ids[i] = row, uint64(named[row.Session].Network)
	}
	tagged := tags.All(ids)
	for i := range all {
		row := &all[i]
		info, found := named[row.Session]
		// A row without a place, a chat or a socket is only on disk: a session in memory that has its name is another one.
		if !found || shared[row.Session] || row.State == "ended" || row.State == "idle" && row.Here == "away" {
			continue
		}
		row.Standing = &admin.SessionStanding{
			Network: tagged[uint64(info.Network)], Proven: info.Proven,
			Streaks: admin.Streaks{Ignored: info.Ignored, Short: info.Short}, StandsOut: info.StandsOut,
		}
	}
	return all
}
