package config

import (
	"testing"
)

// Limits that are not set follow the memory limit and leave room for one largest frame; limits that are set stay.
func TestBudgetsFollowTheMemoryLimit(t *testing.T) {
	const frame, mebi = 16<<20 + 64<<10, 1 << 20
	for name, tt := range map[string]struct {
		memory  int64
		environ []string
		want    [5]Bytes // IN_FLIGHT_MAX, RING_BYTES, RING_TOTAL, QUEUED_BYTES, LETTER_MAX
	}{
		"no limit":  {0, nil, [5]Bytes{256 * mebi, 32 * mebi, 256 * mebi, 64 * mebi, frame}},
		"2 GiB":     {2048 * mebi, nil, [5]Bytes{256 * mebi, 32 * mebi, 256 * mebi, 64 * mebi, frame}},
		"256 MiB":   {256 * mebi, nil, [5]Bytes{64 * mebi, 32 * mebi, 64 * mebi, 16 * mebi, frame}},
		"128 MiB":   {128 * mebi, nil, [5]Bytes{frame, frame + 64<<10, frame + 64<<10, 8 * mebi, frame}},
		"64 MiB":    {64 * mebi, nil, [5]Bytes{frame, frame + 64<<10, frame + 64<<10, 4 * mebi, mebi}},
		"one byte":  {1, nil, [5]Bytes{frame, frame + 64<<10, frame + 64<<10, mebi, 256 << 10}},
		"explicit":  {64 * mebi, []string{"CHATME_IN_FLIGHT_MAX=100MiB", "CHATME_RING_TOTAL=50MiB"}, [5]Bytes{100 * mebi, frame + 64<<10, 50 * mebi, 4 * mebi, mebi}},
		"as before": {64 * mebi, []string{"CHATME_IN_FLIGHT_MAX=256MiB"}, [5]Bytes{256 * mebi, frame + 64<<10, frame + 64<<10, 4 * mebi, mebi}},
		"a smaller frame": {64 * mebi, []string{"CHATME_FRAME_MAX=1MiB"},
			[5]Bytes{mebi, mebi + 64<<10, mebi + 64<<10, 4 * mebi, mebi}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, settings, err := Load(Sources{File: noFile, Environ: append(tt.environ, "WEB_API_KEY=k"), Memory: tt.memory})
			if err != nil {
				t.Fatal(err)
			}
			if got := [5]Bytes{cfg.InFlightMax, cfg.RingBytes, cfg.RingTotal, cfg.QueuedBytes, cfg.LetterMax}; got != tt.want {
				t.Errorf("%v, want %v", got, tt.want)
			}
			for _, s := range settings {
				var shown Bytes
				if is, ok := s.field.Interface().(Bytes); ok && (shown.UnmarshalText([]byte(s.Value)) != nil || shown != is) {
					t.Errorf("%s is shown as %s and is %v", s.Env, s.Value, is)
				}
			}
		})
	}
}
