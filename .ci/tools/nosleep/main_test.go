package main

import (
	"slices"
	"testing"
	"testing/fstest"
)

func TestSleepsIn(t *testing.T) {
	tests := map[string]struct {
		source string
		want   []int
	}{
		"a bare sleep": {`package p
import "time"
func TestX(t *testing.T) {
	time.Sleep(1)
	go func() { time.Sleep(2) }()
}`, []int{4, 5}},
		"as a value": {`package p
import "time"
var nap = time.Sleep
`, []int{3}},
		"in a bubble": {`package p
import ("testing/synctest"; "time")
func TestX(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		go func() { time.Sleep(1) }()
	})
}`, nil},
		"beside a bubble": {`package p
import ("testing/synctest"; "time")
func TestX(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { time.Sleep(1) })
	time.Sleep(2)
}`, []int{5}},
		"a function passed by name": {`package p
import ("testing/synctest"; "time")
func TestX(t *testing.T) { synctest.Test(t, inBubble) }
func inBubble(t *testing.T) { time.Sleep(1) }
func outside(t *testing.T) { time.Sleep(2) }
`, []int{5}},
		"a marked helper": {`package p
import "time"
// wait waits.
//
//nosleep:bubble
func wait() { time.Sleep(1) }
`, nil},
		"a mark elsewhere": {`package p
import "time"
func wait() {
	//nosleep:bubble
	time.Sleep(1)
}`, []int{5}},
		"other names": {`package p
import (clock "time"; st "testing/synctest")
func TestX(t *testing.T) {
	st.Test(t, func(t *testing.T) { clock.Sleep(1) })
	clock.Sleep(1)
	time.Sleep(1)
}`, []int{5}},
		"a dot import": {`package p
import . "time"
func TestX(t *testing.T) { Sleep(1) }
`, []int{3}},
		"another Test": {`package p
import "time"
func TestX(t *testing.T) { synctest.Test(t, func() { time.Sleep(1) }) }
`, []int{3}},
		"other uses of time": {`package p
import "time"
var second = time.Second
`, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := sleepsIn("x_test.go", []byte(tt.source))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("lines %v, want %v", got, tt.want)
			}
		})
	}
}

func TestSleepsWalksTestsOnly(t *testing.T) {
	bad := &fstest.MapFile{Data: []byte("package p\nimport \"time\"\nvar _ = time.Sleep\n")}
	got, err := sleeps(fstest.MapFS{
		"a/x.go": bad, "a/x_test.go": bad, "b/testdata/x_test.go": bad, "node_modules/x_test.go": bad, ".ci/x_test.go": bad,
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{".ci/x_test.go:3", "a/x_test.go:3"}; !slices.Equal(got, want) {
		t.Errorf("found %v, want %v", got, want)
	}
}
