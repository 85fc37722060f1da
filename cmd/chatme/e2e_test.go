package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"chatme/internal/pace"
)

const (
	// stepTimeout bounds what is expected of a server soon, on an idle machine; it takes a tenth of it.
	stepTimeout = 20 * time.Second
	// stopTimeout is within what a stop must be over there.
	stopTimeout = 5 * time.Second
)

// soaking makes the rounds more and the faults longer: SOAK=1 go test -run E2E ./cmd/chatme.
var soaking = os.Getenv("SOAK") != ""

func inSoak[T any](soak, otherwise T) T {
	if soaking {
		return soak
	}
	return otherwise
}

// TestE2E runs the binary as an operator does: a process, a port, a database and signals. Each part is in the file
// of its name.
func TestE2E(t *testing.T) {
	t.Parallel()
	bin := filepath.Join(t.TempDir(), "chatme")
	build(t, bin)
	parts := map[string]func(t *testing.T, s *site){
		"KillAndResume":         testKillAndResume,
		"KillAndComeBackAsNew":  testKillAndComeBackAsNew,
		"StopUnderLoad":         testStopUnderLoad,
		"ViewsUnderLoad":        testViewsUnderLoad,
		"WriteLockHeld":         testWriteLockHeld,
		"PongWhileLocked":       testPongWhileLocked,
		"StopWhileLocked":       testStopWhileLocked,
		"NoTraceOfWhatIsSecret": testNoTraceOfWhatIsSecret,
		"DatabaseRefused":       testDatabaseRefused,
		"SecondServer":          testSecondServer,
		"PlantedLock":           testPlantedLock,
		"ExampleServes":         testExampleServes,
		"RestoredByHand":        testRestoredByHand,
		"RestoredByCommand":     testRestoredByCommand,
		"Drill":                 testDrill,
		"DrillInterrupted":      testDrillInterrupted,
		"BareRoot":              testBareRoot,
		"DiskFull":              testDiskFull,
		"BackupDiskFull":        testBackupDiskFull,
		"ParkedReader":          testParkedReader,
		"SettleAcrossAStop":     testSettleAcrossAStop,
		"StopReapsNoClient":     testStopReapsNoClient,
		"SilentWaiter":          testSilentWaiter,
		"HandOver":              testHandOver,
		"SocketsRefused":        testSocketsRefused,
		"HalfRequests":          testHalfRequests,
		"AcceptFails":           testAcceptFails,
		"Supervised":            testSupervised,
		"HalfFrames":            testHalfFrames,
		"Pictures64MiB":         testPictures(64),
		"Pictures256MiB":        testPictures(256),
		"OwnTLS":                testOwnTLS,
		"BehindNginx":           testBehindNginx,
		"BehindCaddy":           testBehindCaddy,
	}
	if soaking {
		parts["Pictures128MiB"], parts["Pictures512MiB"] = testPictures(128), testPictures(512)
	}
	for name, part := range parts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			part(t, newSite(t, bin))
		})
	}
}

// step returns a context for one thing that is expected soon.
func step(tb testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(tb.Context(), pace.Of(stepTimeout))
	context.AfterFunc(tb.Context(), cancel)
	return ctx
}

// eventually waits until something holds.
func eventually(tb testing.TB, what string, holds func() bool) {
	tb.Helper()
	if !pace.Until(tb.Context(), stepTimeout, holds) {
		tb.Fatalf("not so in time: %s", what)
	}
}
