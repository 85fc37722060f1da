package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"chatme/internal/config"
	"chatme/internal/testbed"
)

// The guide names every setting and every command.
func TestEverySettingAndCommandIsInTheGuide(t *testing.T) {
	guide := string(testbed.MustRead(t, "../../docs/operations.md"))
	_, settings, err := config.Load(config.Sources{File: "/dev/null", Environ: []string{"WEB_API_KEY=k"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range settings {
		if !strings.Contains(guide, "`"+s.Env+"`") {
			t.Errorf("docs/operations.md does not name %s", s.Env)
		}
	}
	parser, err := kong.New(&Commands{}, config.Flags{}.Option())
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range parser.Model.Leaves(true) {
		name := regexp.QuoteMeta(strings.TrimPrefix(command.FullPath(), parser.Model.Name+" "))
		if !regexp.MustCompile("`(chatme )?" + name + "\\b|chatme " + name + "\\b").MatchString(guide) {
			t.Errorf("docs/operations.md does not name chatme %s", name)
		}
	}
}

// Everything that the guide names exists.
func TestTheGuideNamesNothingElse(t *testing.T) {
	guide := string(testbed.MustRead(t, "../../docs/operations.md"))
	known := map[string]bool{}
	_, settings, _ := config.Load(config.Sources{File: "/dev/null"})
	for _, s := range settings {
		known[s.Env] = true
	}
	for _, name := range regexp.MustCompile(`\bCHATME_[A-Z_]+\b`).FindAllString(guide, -1) {
		if !known[name] {
			t.Errorf("docs/operations.md names %s, which is not a setting", name)
		}
	}
	parser, err := kong.New(&Commands{}, config.Flags{}.Option())
	if err != nil {
		t.Fatal(err)
	}
	commands := map[string]bool{}
	for _, child := range parser.Model.Children {
		commands[child.Name] = true
	}
	for _, match := range regexp.MustCompile("(?m)(?:^    +|`|/|sudo )chatme ([a-z][a-z-]*)").FindAllStringSubmatch(guide, -1) {
		if !commands[match[1]] {
			t.Errorf("docs/operations.md names chatme %s, which is not a command", match[1])
		}
	}
}

// Every command's help has an example of that command.
func TestEveryHelpHasAnExample(t *testing.T) {
	parser, err := kong.New(&Commands{}, config.Flags{}.Option())
	if err != nil {
		t.Fatal(err)
	}
	leaves := parser.Model.Leaves(true)
	if len(leaves) < 20 {
		t.Fatalf("%d commands", len(leaves))
	}
	for _, command := range leaves {
		name := "chatme " + strings.TrimPrefix(command.FullPath(), parser.Model.Name+" ")
		if _, example, ok := strings.Cut(command.Detail, "Example"); !ok || !strings.Contains(example, name) {
			t.Errorf("%s: the help has no example of it: %q", name, command.Detail)
		}
	}
}
