package ws_test

import (
	"testing"

	"chatme/internal/stage"
)

// A socket of a proxy on this machine is a bare descriptor like one over TCP: it is parked, its writes do not block, and it
// has the same deadlines.
func TestOverUnix(t *testing.T) {
	for name, test := range map[string]func(*testing.T){ // these count what the process has
		"IdleConnectionsCostNoGoroutine": TestIdleConnectionsCostNoGoroutine,
		"FramesThatEndAtTheBuffer":       TestFramesThatEndAtTheBuffer,
		"SocketTakesOneDescriptor":       TestSocketTakesOneDescriptor,
		"NothingStaysBehind":             TestNothingStaysBehind,
	} {
		t.Run(name, test)
	}
	t.Run("slowly", func(t *testing.T) {
		stage.Long(t)
		for name, test := range map[string]func(*testing.T){
			"BurstArrivesWhole":          TestBurstArrivesWhole,
			"CloseFrameIsAnswered":       TestCloseFrameIsAnswered,
			"FirstByteStartsTheDeadline": TestFirstByteStartsTheDeadline,
			"FramesInOneSegment":         TestFramesInOneSegment,
			"HalfAFrame":                 TestHalfAFrame,
			"LargeImage":                 testLargeImage,
			"MessagesWaitForRoom":        TestMessagesWaitForRoom,
			"SilentClients":              TestSilentClients,
			"SlowReader":                 TestSlowReader,
			"SlowSendersDelayNoOther":    TestSlowSendersDelayNoOther,
			"UnauthenticatedSocket":      TestUnauthenticatedSocketIsClosed,
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel() // most of them wait for a deadline
				test(t)
			})
		}
		t.Run("WaiterIsWokenWhenSocketCloses", TestWaiterIsWokenWhenSocketCloses) // parallel by itself
	})
}
