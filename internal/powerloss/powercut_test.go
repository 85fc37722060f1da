package powerloss

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

const name = "/d/f"

// replay applies events to an empty disk on which the file name was created and its name synced.
func replay(t *testing.T, events ...Event) *Disk {
	t.Helper()
	d := NewDisk("/d")
	for _, e := range append([]Event{{Kind: Opened, Path: name}, {Kind: Syncing, Path: "/d"}, {Kind: Synced, Path: "/d"}}, events...) {
		if err := d.Apply(&e); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// cuts returns the distinct contents of name after many cuts, and how many tore a sector.
func cuts(d *Disk) (contents []string, torn int) {
	const many = 2000
	seen := map[string]bool{}
	for seed := range uint64(many) {
		image := d.Cut(rand.New(rand.NewPCG(seed, 1)))
		content, ok := image.Files[name]
		if !ok {
			content = []byte("gone")
		}
		seen[string(content)] = true
		if image.Torn > 0 {
			torn++
		}
	}
	for content := range seen {
		contents = append(contents, content)
	}
	return contents, torn
}

func write(at int64, data string) Event {
	return Event{Kind: Wrote, Path: name, Off: at, Data: []byte(data)}
}

func full(entry string) string { return strings.Repeat(entry, Sector) }

var (
	syncing = Event{Kind: Syncing, Path: name}
	synced  = Event{Kind: Synced, Path: name}
)

func TestSyncedIsInEveryImage(t *testing.T) {
	d := replay(t, write(0, full("a")+full("b")), syncing, synced)
	if contents, torn := cuts(d); len(contents) != 1 || contents[0] != full("a")+full("b") || torn > 0 {
		t.Errorf("%d contents, %d torn", len(contents), torn)
	}
	if d.Unsynced(name) {
		t.Error("Unsynced reports unsynced data after a sync")
	}
}

// TestUnsyncedMayBeLost: each of two rewritten sectors may be new, old or torn.
func TestUnsyncedMayBeLost(t *testing.T) {
	d := replay(t, write(0, full("a")+full("b")), syncing, synced, write(0, full("A")), write(Sector, full("B")))
	contents, torn := cuts(d)
	for _, want := range []string{full("a") + full("b"), full("A") + full("b"), full("a") + full("B"), full("A") + full("B")} {
		if !slices.Contains(contents, want) {
			t.Errorf("no cut leaves %c%c", want[0], want[Sector])
		}
	}
	if torn == 0 {
		t.Error("no sector is torn")
	}
	for _, content := range contents { // a new start, an old rest
		for i, pair := range []string{"Aa", "Bb"} {
			sector := content[i*Sector : (i+1)*Sector]
			if strings.TrimLeft(strings.TrimLeft(sector, pair[:1]), pair[1:]) != "" {
				t.Errorf("a sector is %.8q…%.8q", sector, sector[Sector-8:])
			}
		}
	}
}

// TestOlderThanTheSyncIsGone: no image contains data older than the last sync.
func TestOlderThanTheSyncIsGone(t *testing.T) {
	d := replay(t, write(0, "one"), write(0, "two"), syncing, synced, write(0, "six"))
	contents, _ := cuts(d)
	slices.Sort(contents)
	for _, content := range contents { // in one sector: the start of six over two
		if content != "two" && content != "six" && content != "swo" && content != "sio" {
			t.Errorf("a cut leaves %q", content)
		}
	}
	if !slices.Contains(contents, "two") || !slices.Contains(contents, "six") {
		t.Errorf("cuts leave %q", contents)
	}
}

// TestWrittenDuringTheSync: a sync does not cover what is written while it runs.
func TestWrittenDuringTheSync(t *testing.T) {
	d := replay(t, write(0, "a"), syncing, write(1, "b"))
	if contents, _ := cuts(d); !slices.Contains(contents, "") {
		t.Errorf("an unfinished sync saved data: %q", contents)
	}
	if err := d.Apply(&synced); err != nil {
		t.Fatal(err)
	}
	contents, _ := cuts(d)
	slices.Sort(contents)
	if want := []string{"a", "a\x00", "ab"}; !slices.Equal(contents, want) {
		t.Errorf("cuts leave %q, want %q", contents, want)
	}
}

// TestSizes: a file may keep a previous size, and a growth may be zeros.
func TestSizes(t *testing.T) {
	d := replay(t, write(0, full("a")), syncing, synced, write(Sector, full("b")), Event{Kind: Resized, Path: name, Off: 100})
	contents, _ := cuts(d)
	for what, want := range map[string]string{
		"the old size": full("a"), "zeros": full("a") + full("\x00"), "the write": full("a") + full("b"), "the cut": full("a")[:100],
	} {
		if !slices.Contains(contents, want) {
			t.Errorf("no cut leaves %s", what)
		}
	}
	if now := d.Now()[name]; string(now) != full("a")[:100] {
		t.Errorf("the system shows %d bytes", len(now))
	}
}

// TestNames: changes of names become durable in order, with the sync of the directory.
func TestNames(t *testing.T) {
	const part = name + ".part"
	d := replay(t, write(0, "old"), syncing, synced,
		Event{Kind: Opened, Path: part}, Event{Kind: Wrote, Path: part, Off: AtEnd, Data: []byte("ne")},
		Event{Kind: Wrote, Path: part, Off: AtEnd, Data: []byte("w")}, Event{Kind: Syncing, Path: part}, Event{Kind: Synced, Path: part},
		Event{Kind: Renamed, Path: part, To: name})
	contents, _ := cuts(d)
	slices.Sort(contents)
	if want := []string{"new", "old"}; !slices.Equal(contents, want) {
		t.Errorf("cuts leave %q, want %q", contents, want)
	}
	for _, e := range []Event{{Kind: Syncing, Path: "/d"}, {Kind: Synced, Path: "/d"}, {Kind: Unlinked, Path: name}} {
		if err := d.Apply(&e); err != nil {
			t.Fatal(err)
		}
	}
	contents, _ = cuts(d)
	slices.Sort(contents)
	if want := []string{"gone", "new"}; !slices.Equal(contents, want) {
		t.Errorf("cuts leave %q, want %q", contents, want)
	}
}

func TestCutIsRepeatable(t *testing.T) {
	d := replay(t, write(0, full("a")), syncing, synced, write(0, full("b")), write(Sector, full("c")), write(5, "d"))
	for seed := range uint64(100) {
		one, two := d.Cut(rand.New(rand.NewPCG(seed, 2))), d.Cut(rand.New(rand.NewPCG(seed, 2)))
		if !bytes.Equal(one.Files[name], two.Files[name]) || one.Lost != two.Lost || one.Torn != two.Torn {
			t.Fatalf("seed %d gave two different images", seed)
		}
	}
}

func TestUnknownFile(t *testing.T) {
	if err := NewDisk("/d").Apply(&Event{Kind: Wrote, Path: "/d/x", Data: []byte("a")}); err == nil {
		t.Error("a write to a file with unknown content was accepted")
	}
}

// hexed encodes s as strace does.
func hexed(s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, `\x%02x`, s[i])
	}
	return b.String()
}

func TestParse(t *testing.T) {
	fd := func(path string) string { return "7<" + hexed(path) + ">" }
	log := strings.Join([]string{
		`11  openat(AT_FDCWD<` + hexed("/") + `>, "` + hexed(name) + `", O_RDWR|O_CREAT, 0640) = ` + fd(name),
		`11  open("` + hexed("/else/f") + `", O_RDWR|O_CREAT, 0640) = 8<` + hexed("/else/f") + `>`,
		`11  pwrite64(8<` + hexed("/else/f") + `>, "` + hexed("x") + `", 1, 0) = 1`,
		`11  pwrite64(` + fd(name) + `, "` + hexed("ab") + `", 2, 4096 <unfinished ...>`,
		`12  writev(` + fd("socket:[5]") + `, [{iov_base="` + hexed("he") + `", iov_len=2}, {iov_base="` + hexed("llo") + `", iov_len=3}], 2) = 4`,
		`12  write(` + fd("socket:[5]") + `, "` + hexed("o") + `", 1) = -1 EAGAIN (Resource temporarily unavailable)`,
		`13  read(` + fd("socket:[5]") + `,  <unfinished ...>`,
		`11  <... pwrite64 resumed>)              = 2`,
		`13  <... read resumed>"` + hexed("hi") + `", 512) = 2`,
		`11  fdatasync(` + fd(name) + `) = 0`,
		`11  fsync(` + fd("/d") + ` <unfinished ...>`,
		`12  ftruncate(` + fd(name) + `, 10) = 0`,
		`11  <... fsync resumed>)                 = 0`,
		`12  rename("` + hexed(name) + `", "` + hexed("/d/g") + `") = 0`,
		`12  unlinkat(AT_FDCWD<` + hexed("/") + `>, "` + hexed("/d/none") + `", 0) = -1 ENOENT (No such file or directory)`,
		`12  unlink("` + hexed("/d/g") + `") = 0`,
		`12  pwrite64(` + fd("/d/g") + `(deleted), "` + hexed("x") + `", 1, 0) = 1`,
		`11  fdatasync(` + fd("/d") + ` <unfinished ...>) = ?`,
		`11  +++ killed by SIGKILL +++`, ``,
	}, "\n")
	var got []string
	events, err := Parse(strings.NewReader(log), "/d")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		got = append(got, fmt.Sprintf("%d %s%s %d %q", e.Kind, e.Path, e.To, e.Off, e.Data))
	}
	want := []string{
		`1 /d/f 0 ""`, `2 /d/f 4096 "ab"`, `8 socket:[5] 0 "hell"`, `8 socket:[5] 0 ""`, `9 socket:[5] 0 "hi"`,
		`4 /d/f 0 ""`, `5 /d/f 0 ""`, `4 /d 0 ""`, `3 /d/f 10 ""`, `5 /d 0 ""`, `7 /d/f/d/g 0 ""`, `6 /d/g 0 ""`, `4 /d 0 ""`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("events\n got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
	if !Whole([]byte(log), 11) || Whole([]byte(log), 12) || Whole([]byte(log[:len(log)-30]), 11) {
		t.Error("the end of the log was not recognized")
	}
}

// TestParseRefuses: Parse fails on what the model of the disk does not cover.
func TestParseRefuses(t *testing.T) {
	fd := "7<" + hexed(name) + ">"
	for what, log := range map[string]string{
		"a short write":     `1 pwrite64(` + fd + `, "` + hexed("ab") + `", 2, 0) = 1` + "\n" + `1 fdatasync(` + fd + `) = 0`,
		"a write in a sync": `1 pwrite64(` + fd + `, "` + hexed("ab") + `", 2, 0 <unfinished ...>` + "\n" + `2 fdatasync(` + fd + `) = 0`,
		"a cut string":      `1 pwrite64(` + fd + `, "` + hexed("ab") + `"..., 9, 0) = 9`,
		"a relative name":   `1 unlink("` + hexed("f") + `") = 0`,
	} {
		if _, err := Parse(strings.NewReader(log), "/d"); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
}
