package load

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

func TestBenchScan(t *testing.T) {
	for name, tt := range map[string]struct{ frame, want string }{
		"a bare type":          {`{"type":"searching"}`, "searching       0"},
		"matched":              {`{"type":"matched","partnerId":"ab-1"}`, "matched ab-1      0"},
		"a message":            {`{"type":"message","text":"hi","from":"ab","n":18,"ts":1764000000000}`, "message  hi     18"},
		"reverse order":        {`{"n":7,"from":"x","text":"hi","type":"message"}`, "message  hi     7"},
		"whitespace":           {" {\n \"type\" : \"message\" , \"text\" : \"hi\" , \"n\" : 3 } ", "message  hi     3"},
		"what looks like JSON": {`{"type":"message","text":"a\",\"n\":9,\"type\":\"x","n":1}`, `message  a\",\"n\":9,\"type\":\"x     1`},
		"a slash at the end":   {`{"type":"message","text":"a\\","n":1}`, `message  a\\     1`},
		"words and fractions":  {`{"type":"resumed","gap":false,"partner":null,"awayMs":-1.5E+3,"epoch":"e"}`, "resumed    e   0"},
		"a session":            {`{"type":"session_id","sessionId":"cm1_x","epoch":"e1"}`, "session_id   cm1_x e1   0"},
		"a refusal":            {`{"type":"error","code":"gap","message":"m","n":4}`, "error     gap  4"},
		"nothing":              {``, "error"},
		"an array":             {`["type"]`, "error"},
		"no type":              {`{"n":1}`, "error"},
		"cut in a name":        {`{"type":"message","n`, "error"},
		"cut in a value":       {`{"type":"message","text":"a\"`, "error"},
		"cut before a value":   {`{"type":"message","n":`, "error"},
		"cut after a value":    {`{"type":"message","n":1`, "error"},
		"lists of names":       {`{"type":"matched","common":["a,]","b"],"languages": [ ],"partnerId":"ab-1"}`, "matched ab-1      0"},
		"nested":               {`{"type":"message","x":{}}`, "error"},
		"nested in a list":     {`{"type":"message","x":[{}]}`, "error"},
		"cut in a list":        {`{"type":"message","x":["a",`, "error"},
	} {
		t.Run(name, func(t *testing.T) {
			var h Heard
			got := "error"
			if h.scan([]byte(tt.frame)) == nil {
				got = fmt.Sprintf("%s %s %s %s %s %s  %d", h.Kind, h.partnerID, h.text, h.sessionID, h.epoch, h.code, h.n)
			}
			if strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(tt.want), " ") {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestBenchNextFrame: a frame is parsed once it is complete, wherever the stream was cut.
func TestBenchNextFrame(t *testing.T) {
	for _, size := range []int{0, 1, 125, 126, 300, 65535, 65536} {
		payload := bytes.Repeat([]byte("x"), size)
		stream := serverFrame(opText, payload)
		for _, cut := range []int{0, 1, 2, 3, len(stream) - 1} {
			if cut < 0 || cut >= len(stream) {
				continue
			}
			if _, _, n, err := nextFrame(stream[:cut]); n != 0 || err != nil {
				t.Errorf("%d bytes, cut at %d: n %d, %v", size, cut, n, err)
			}
		}
		op, got, n, err := nextFrame(append(stream, 0x89, 0))
		if op != opText || !bytes.Equal(got, payload) || n != len(stream) || err != nil {
			t.Errorf("%d bytes: op %d, %d bytes, n %d, %v", size, op, len(got), n, err)
		}
	}
	for name, data := range map[string][]byte{
		"masked":     {0x81, 0x81, 1, 2, 3, 4, 5},
		"a fragment": {0x01, 1, 'x'},
		"compressed": {0xc1, 1, 'x'},
		"too large":  {0x81, 127, 0, 0, 0, 1, 0, 0, 0, 0},
	} {
		if _, _, _, err := nextFrame(data); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestBenchAppendFrame(t *testing.T) {
	for _, size := range []int{0, 5, 125, 126, 1000} {
		payload := bytes.Repeat([]byte("y"), size)
		frame := appendFrame(nil, opPong, payload)
		body := frame[len(frame)-size:]
		for i := range body {
			body[i] ^= benchMask[i&3]
		}
		key := frame[len(frame)-size-4 : len(frame)-size]
		if frame[0] != frameFinal|opPong || !bytes.Equal(key, benchMask[:]) || !bytes.Equal(body, payload) {
			t.Errorf("%d bytes: % x", size, frame[:min(len(frame), 12)])
		}
	}
}

// TestBenchSay: a server reads what is patched into the frame of a message.
func TestBenchSay(t *testing.T) {
	for name, old := range map[string]bool{"resumable": false, "legacy": true} {
		t.Run(name, func(t *testing.T) {
			s := newSpeech(old, "ab-1", 100)
			for _, n := range []uint64{1, 9, 10, 123456} {
				frame := s.frame(n, 0x1234abcd)
				payload := bytes.Clone(frame[len(frame)-s.size:])
				for i := range payload {
					payload[i] ^= benchMask[i&3]
				}
				var h Heard
				if err := h.scan(payload); err != nil {
					t.Fatalf("%s: %v", payload, err)
				}
				if at, ok := spokenAt(h.text); !ok || at != 0x1234abcd || len(h.text) != 100 {
					t.Errorf("%s: at %x %v", payload, at, ok)
				}
				if old && (h.n != 0 || h.partnerID != nil) || !old && (h.n != n || string(h.partnerID) != "ab-1") {
					t.Errorf("%s: n %d, partner %s", payload, h.n, h.partnerID)
				}
			}
		})
	}
}

func TestBenchHistogram(t *testing.T) {
	h := &Histogram{}
	if h.quantile(0.5) != 0 {
		t.Error("empty")
	}
	for v := int64(1); v <= 100_000; v++ {
		h.add(v)
	}
	for q, want := range map[float64]int64{0.5: 50_000, 0.99: 99_000, 1: 100_000} {
		if got := h.quantile(q); got < want-want/50 || got > want+want/50 {
			t.Errorf("quantile %v: %d, want %d", q, got, want)
		}
	}
	h.add(1 << 62)
	if h.most != 1<<62 || h.quantile(1) != 1<<62 || h.total != 100_001 {
		t.Errorf("most %d, quantile %d, total %d", h.most, h.quantile(1), h.total)
	}
}

func serverFrame(op byte, payload []byte) []byte {
	frame := []byte{frameFinal | op}
	switch n := len(payload); {
	case n < frame16:
		frame = append(frame, byte(n))
	case n < 1<<16:
		frame = append(frame, frame16, byte(n>>8), byte(n))
	default:
		frame = append(frame, frame64, 0, 0, 0, 0, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	return append(frame, payload...)
}
