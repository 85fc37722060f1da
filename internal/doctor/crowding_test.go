package doctor

import (
	"fmt"
	"net/http"
	"testing"

	"chatme/internal/admin"
	"chatme/internal/config"
	"chatme/internal/testbed"
	"chatme/internal/testbed/inside"

	"github.com/gorilla/websocket"
)

func TestDoctorCrowd(t *testing.T) {
	for name, tt := range map[string]struct {
		hour         admin.NetworkHour
		state        findingState
		text, remedy string
	}{
		"a proxy":     {admin.NetworkHour{Network: "n_7f3a12", Share: 0.91, Sockets: 1000}, findingWarning, "one network (n_7f3a12) opened 91 % of the 1,000 sockets", "CHATME_TRUSTED_PROXIES, or let it use the Unix socket"},
		"no network":  {admin.NetworkHour{Network: "none", Share: 1, Sockets: 50}, findingWarning, "100 % of the 50 sockets of the last hour have no network", "proxy_set_header X-Forwarded-For"},
		"a campus":    {admin.NetworkHour{Network: "n_7f3a12", Share: 0.9, Sockets: 1000}, findingOK, "the largest one opened 90 %", ""},
		"some local":  {admin.NetworkHour{Network: "none", Share: 0.5, Sockets: 1000}, findingOK, "50 %", ""},
		"a quiet one": {admin.NetworkHour{Network: "n_7f3a12", Share: 1, Sockets: 49}, findingOK, "49 sockets within the last hour, too few", ""},
		"nobody":      {admin.NetworkHour{Network: "none"}, findingOK, "0 sockets within the last hour", ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := patient(t)
			d.crowd(tt.hour)
			d.findings.wants(t, tt.state, "networks", tt.text, tt.remedy)
		})
	}
}

// TestDoctorSeesCrowding asks a server: first all of its sockets have no network, then most have the same one.
func TestDoctorSeesCrowding(t *testing.T) {
	s := inside.StartServed(t, []string{"WEB_API_KEY=" + inside.WebTestKey, "CHATME_NETWORK_CONNECTS=10000,10000/s"})
	served := config.Default()
	served.DB = s.DB
	ask := func() *doctor {
		t.Helper()
		d := patient(t)
		d.cfg = served
		d.firm = map[string]bool{}
		d.ask()
		d.crowding()
		return d
	}
	opened := 0
	open := func(n int, from string) { // and waits until the server, which answers first, has counted them
		t.Helper()
		header := http.Header{}
		if from != "" {
			header.Set("X-Forwarded-For", from)
		}
		for range n {
			c, _, err := websocket.DefaultDialer.Dial("ws://"+s.Addr, header)
			testbed.Must(t, err)
			c.Close()
		}
		opened += n
		testbed.Eventually(t, fmt.Sprintf("%d sockets are counted", opened), func() bool {
			found, err := admin.NewClient(served.AdminSocket()).Networks(t.Context(), 1)
			testbed.Must(t, err)
			return found.Hour.Sockets == opened
		})
	}
	open(crowdedFrom, "")
	ask().wants(t, findingWarning, "networks", fmt.Sprintf("100 %% of the %d sockets", crowdedFrom), "ignore this if")
	open(10*crowdedFrom, "203.0.113.77")
	ask().wants(t, findingWarning, "networks", "(n_", "CHATME_TRUSTED_PROXIES")
	open(crowdedFrom, "198.51.100.9")
	ask().wants(t, findingOK, "networks", "the largest one opened 83 %", "")
}
