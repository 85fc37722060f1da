package main

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"chatme/internal/admin"
	"chatme/internal/client"
	"chatme/internal/exit"
	"chatme/internal/network"
	"chatme/internal/testbed"
	"chatme/internal/testbed/inside"
)

// arriveFrom connects a client at an address, behind a proxy, that searches.
func arriveFrom(s *inside.Served, addr string) *client.Client {
	s.TB.Helper()
	c, err := client.Dial(testbed.Step(s.TB), "ws://"+s.Addr, client.Options{APIKey: operatorKey, Header: http.Header{"X-Forwarded-For": {addr}}})
	if err != nil {
		s.TB.Fatal(err)
	}
	s.TB.Cleanup(c.Drop)
	_, err = c.Greet(testbed.Step(s.TB))
	if err == nil {
		err = c.Search()
	}
	if err != nil {
		s.TB.Fatal(err)
	}
	await(s, c, "searching")
	return c
}

// TestNetworksAreSeen: every command names a network by the same tag, and none shows an address.
func TestNetworksAreSeen(t *testing.T) {
	const large, small = "203.0.113.77", "2001:db8:7::77"
	s := inside.StartServed(t, []string{"WEB_API_KEY=" + operatorKey})
	if out, _ := asks(s, exit.OK, "networks"); out != "no networks\n" {
		t.Errorf("without clients:\n%s", out)
	}
	watch := startTail(s, "--json", "--type", "upgrade,auth")
	a, b := arriveFrom(s, large), arriveFrom(s, large)
	await(s, a, "matched")
	await(s, b, "matched")
	arriveFrom(s, large)
	c := arriveFrom(s, small)
	await(s, c, "matched")
	arrive(s, true) // without a network

	var found admin.NetworksAnswer
	asksJSON(s, &found, "networks")
	if found.Total != 3 || len(found.Networks) != 3 || found.LowPriority != "watch" || found.Need.Short == 0 {
		t.Fatalf("%+v, want three networks", found)
	}
	first := found.Networks[0]
	tag := first.Network
	first.Network = ""
	if want := (admin.NetworkRow{Sockets: 3, Share: 0.6, Matched: 3}); first != want || !regexp.MustCompile(`^n_[0-9a-f]{6}$`).MatchString(tag) {
		t.Errorf("the largest is %s, %+v; want %+v", tag, first, want)
	}
	if h := found.Hour; h.Network != tag || h.Sockets != 5 || h.Share != 0.6 {
		t.Errorf("the network of the hour is %+v", h)
	}
	others := []string{found.Networks[1].Network, found.Networks[2].Network}
	if slices.Sort(others); others[1] != network.NoTag || others[0] == tag {
		t.Errorf("the other networks are %q", others)
	}

	shown := map[string]string{}
	for args, want := range map[string]string{
		"networks": `(?m)^NETWORK +SOCKETS +SHARE +DELAYED +IDLE +WAITING +MATCHED +AWAY +IN A ROW +STAND OUT\n` + tag + ` +3 +60\.0 % +- +- +- +3 +- +- +-\n(.*\n){2}standing: watch; a session stands out after \d+ ignored or \d+ short chats in a row$`,
		"sessions": `(?m)^SESSION .* NETWORK +STANDING .*\n(.*\n)*s_\w{8} +paired +resumable +connected +` + tag + ` +- `,
		"status":   `(?m)^NETWORKS\n  with sockets +2\n  largest +` + tag + `, 60\.0 % of the sockets\n(.*\n)*  sockets waiting at a rate +0\n(.*\n)*  standing +watch; `,
	} {
		shown[args], _ = asks(s, exit.OK, args)
		if !regexp.MustCompile(want).MatchString(shown[args]) {
			t.Errorf("%s:\n%s", args, shown[args])
		}
		shown[args+" --json"], _ = asks(s, exit.OK, args, "--json")
		if !strings.Contains(shown[args+" --json"], `"network":"`+tag+`"`) {
			t.Errorf("%s --json:\n%s", args, shown[args+" --json"])
		}
	}
	if out, _ := asks(s, exit.OK, "networks", "--limit", "1"); !strings.Contains(out, "… and 2 more") || strings.Contains(out, others[0]) {
		t.Errorf("one of three:\n%s", out)
	}
	testbed.Eventually(t, "the tail names it", func() bool {
		shown["tail"] = watch.out.String()
		return strings.Count(shown["tail"], `"network":"`+tag+`"`) == 6 && strings.Count(shown["tail"], `"network":`) == 8
	})
	shown["the log"] = s.Log.String()
	for where, text := range shown {
		for _, addr := range []string{large, "203.0.113", small, "2001:db8", "127.0.0.1:"} {
			if strings.Contains(strings.ReplaceAll(text, s.Addr, ""), addr) {
				t.Errorf("%s contains %s:\n%s", where, addr, text)
			}
		}
	}
	if strings.Contains(shown["the log"], tag) {
		t.Error("the log contains a tag")
	}
}

// TestWaitAtARateIsSeen: status, networks and tail show a socket that waits at a rate.
func TestWaitAtARateIsSeen(t *testing.T) {
	s := inside.StartServed(t, []string{"WEB_API_KEY=" + operatorKey, "CHATME_NETWORK_SEARCHES=2,1/h"})
	watch := startTail(s, "--type", "wait")
	a, b := arriveFrom(s, "203.0.113.77"), arriveFrom(s, "203.0.113.77")
	await(s, a, "matched")
	await(s, b, "matched")
	if err := a.Search(); err != nil {
		t.Fatal(err)
	}
	var found admin.NetworksAnswer
	testbed.Eventually(t, "it waits", func() bool {
		asksJSON(s, &found, "networks")
		return found.Networks[0].Delayed == 1
	})
	if out, _ := asks(s, exit.OK, "status"); !regexp.MustCompile(`(?m)^  sockets waiting at a rate +1$`).MatchString(out) {
		t.Errorf("status:\n%s", out)
	}
	want := regexp.MustCompile(`  wait +s_\w{8} +at the rate of searches, network ` + found.Networks[0].Network + "\n$")
	testbed.Eventually(t, "the tail shows it", func() bool { return want.MatchString(watch.out.String()) })
	asks(s, exit.OK, "kick", strings.Fields(watch.out.String())[2])
	testbed.Eventually(t, "it no longer waits", func() bool {
		asksJSON(s, &found, "networks")
		return len(found.Networks) == 1 && found.Networks[0].Delayed == 0
	})
}
