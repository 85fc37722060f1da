package e2e

import (
	"path/filepath"
	"testing"

	"chatme/internal/stage"
	"chatme/internal/testbed"
)

// TestE2E runs the binary as an operator does: a process, a port, a database and signals. Each part is in the file of
// its name.
func TestE2E(t *testing.T) {
	stage.Long(t)
	t.Parallel()
	bin := filepath.Join(t.TempDir(), "chatme")
	testbed.Build(t, bin)
	parts := map[string]func(t *testing.T, s *testbed.Site){
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
		"LocalUsers":            testLocalUsers,
	}
	if testbed.Soaking {
		parts["Pictures128MiB"], parts["Pictures512MiB"] = testPictures(128), testPictures(512)
	}
	for name, part := range parts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			part(t, testbed.NewSite(t, bin))
		})
	}
}
