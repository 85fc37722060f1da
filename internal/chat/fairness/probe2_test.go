package fairness
import ("testing";"time";"chatme/internal/chat";"encoding/binary";"os";"strconv")
func TestTimeline(t *testing.T) {
	i,_ := strconv.Atoi(os.Getenv("ROW"))
	q,_ := strconv.ParseFloat(os.Getenv("Q"),64)
	seed,_ := strconv.Atoi(os.Getenv("SEED"))
	s := scenarios[i]
	s.collude = os.Getenv("COLLUDE") != ""
	w := newWorld(s, manners{q}, chat.LowPriorityOn, paced, uint64(seed))
	w.waits.from[0] = start
	w.waits.until[0] = start.Add(20*time.Hour)
	w.peopleArrive()
	w.after(s.since, nil, (*world).botsArrive)
	for m := 2; m <= 72; m+=2 {
		a0 := w.waits.all
		w.run(time.Duration(m)*time.Minute)
		a1 := w.waits.all
		sum,n := a1[0].sum+a1[1].sum-a0[0].sum-a0[1].sum, a1[0].n+a1[1].n-a0[0].n-a0[1].n
		var c [2][4]int
		maxs := 0
		seen := map[chat.ConnID]bool{}
		for _, a := range w.actors[1:] {
			if seen[a.conn] { continue }
			seen[a.conn]=true
			var h chat.Hash
			binary.BigEndian.PutUint64(h[:], uint64(a.conn))
			info, ok := w.lobby.Info(h)
			if !ok { continue }
			k := 0
			if a.bot { k = 1; maxs = max(maxs, info.Short) }
			c[k][0]++
			if info.StandsOut { c[k][1]++ }
			if info.Proven { c[k][2]++ }
			if a.partner!=nil && !a.partner.bot { c[k][3]++ }
		}
		st := w.lobby.Stats()
		t.Logf("%d min: wait %.2f (%d) need %v people %v bots %v (all, out, proven, with person) waiting %d matches %d maxshort %d", m, sum/float64(max(n,1)), n, st.Need, c[0], c[1], st.Waiting, st.Matches, maxs)
	}
}
