package config

import (
	"fmt"
	"strings"
	"unicode"
)

// assignment is one NAME=value of a settings file.
type assignment struct {
	line  int // the line on which it begins, from 1
	name  string
	value string // without quotes, with every $NAME replaced
	unset string // the first $NAME that refers to nothing; "" if there is none. If set, value is invalid.
}

// lineProblem describes what is wrong with a line of a settings file.
type lineProblem struct {
	line int
	text string
}

// parseAssignments reads a settings file whose lines end with \n. It accepts the common subset of dotenv files:
//
//	# a comment; so is anything after a # that follows a space
//	NAME=value                 up to the end of the line, without surrounding spaces
//	export NAME = value        so that a shell can read it too; NAME: value is the same
//	NAME='value'               taken literally, over several lines too; \' does not end it
//	NAME="value"               over several lines too, with \n, \r, \", \\ and \$
//
// In a value without quotes or in double quotes, $NAME and ${NAME} refer to the value of an earlier line of the file,
// never to the environment. NAME consists of capitals, digits and _. A $ before anything else is a $, as is \$.
//
// Parsing stops at the first invalid line. The error does not repeat its text, because it may be a key.
func parseAssignments(text string) ([]assignment, *lineProblem) {
	p := assignmentParser{rest: text, line: 1, set: map[string]string{}}
	for p.rest != "" {
		line, _, _ := strings.Cut(p.rest, "\n")
		trimmed := strings.TrimSpace(line)
		if trimmed == "" || trimmed[0] == '#' {
			p.skip(len(line) + 1)
			continue
		}
		if problem := p.assignment(line); problem != "" {
			return p.found, &lineProblem{p.line, problem}
		}
	}
	return p.found, nil
}

// assignmentParser is the state of parseAssignments.
type assignmentParser struct {
	rest  string // not read yet
	line  int    // its first line
	set   map[string]string
	found []assignment
}

// skip marks the next n bytes as read.
func (p *assignmentParser) skip(n int) {
	n = min(n, len(p.rest))
	p.line += strings.Count(p.rest[:n], "\n")
	p.rest = p.rest[n:]
}

// assignment reads the assignment that begins with the given line, and returns what is wrong with it.
func (p *assignmentParser) assignment(line string) (problem string) {
	name, raw, isForm := strings.Cut(line, "=")
	if colon := strings.IndexByte(name, ':'); colon >= 0 {
		name, raw, isForm = line[:colon], line[colon+1:], true
	}
	name = strings.TrimSpace(name)
	if after, found := strings.CutPrefix(name, "export"); found && strings.IndexFunc(after, unicode.IsSpace) == 0 {
		name = strings.TrimSpace(after)
	}
	if r, found := hidden(name); found {
		return fmt.Sprintf("%U, which is invisible, precedes the value; delete it, or retype the line", r)
	}
	if !isForm || name == "" || strings.ContainsFunc(name, notInName) {
		return "not of the form NAME=value"
	}
	next := assignment{line: p.line, name: name}
	value := strings.TrimLeftFunc(raw, unicode.IsSpace)
	if value == "" || value[0] != '\'' && value[0] != '"' {
		next.value, next.unset = p.expand(strings.TrimSpace(withoutComment(raw)), false)
		p.skip(len(line) + 1)
	} else {
		from := len(line) - len(value) + 1 // after the quote
		length := quotedLength(p.rest[from:], value[0])
		if length < 0 {
			return "the quote is never closed; put a value that begins with a quote in quotes of the other kind"
		}
		behind, _, _ := strings.Cut(p.rest[from+length+1:], "\n")
		if rest := strings.TrimSpace(behind); rest != "" && rest[0] != '#' {
			return "something other than a comment follows the closing quote"
		}
		next.value = p.rest[from : from+length]
		if value[0] == '"' {
			next.value, next.unset = p.expand(next.value, true)
		}
		p.skip(from + length + 1 + len(behind) + 1)
	}
	if delete(p.set, name); next.unset == "" {
		p.set[name] = next.value
	}
	p.found = append(p.found, next)
	return ""
}

func notInName(r rune) bool {
	return r != '_' && r != '.' && (r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r))
}

// withoutComment returns text up to the first # that follows a space.
func withoutComment(text string) string {
	before := 'x'
	for i, r := range text {
		if r == '#' && unicode.IsSpace(before) {
			return text[:i]
		}
		before = r
	}
	return text
}

// quotedLength returns how many bytes precede the closing quote, -1 if there is none.
func quotedLength(text string, quote byte) int {
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == quote:
			return i
		case text[i] == '\\' && (quote == '"' || strings.HasPrefix(text[i+1:], "'")):
			i++
		}
	}
	return -1
}

// expand returns text with each $NAME replaced, and in double quotes each escape. unset is the first that refers to
// nothing.
func (p *assignmentParser) expand(text string, quoted bool) (value, unset string) {
	if !strings.ContainsAny(text, `$\`) {
		return text, ""
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch next := text[i+1:]; {
		case text[i] == '\\' && next != "" && (quoted || next[0] == '$'):
			i++
			b.WriteByte(unescaped(text[i]))
		case text[i] == '$':
			ref := referenceIn(next)
			stands, ok := p.set[ref.name]
			switch {
			case ref.word == "":
				b.WriteByte('$')
			case !ok:
				return "", "$" + ref.word
			default:
				b.WriteString(stands)
				i += ref.length
			}
		default:
			b.WriteByte(text[i])
		}
	}
	return b.String(), ""
}

func unescaped(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	}
	return c
}

// reference is what a $ refers to. Without a word the $ is only a $; without a name it is a shell form that is not
// supported here.
type reference struct {
	word   string // everything that reads as part of the reference
	name   string
	length int // length of the replaced text, without the $
}

// referenceIn returns what a $ directly before text refers to.
func referenceIn(text string) reference {
	const inName, small = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", "abcdefghijklmnopqrstuvwxyz"
	if strings.HasPrefix(text, "(") {
		return reference{word: "("}
	}
	inner, braced := strings.CutPrefix(text, "{")
	name := inner[:len(inner)-len(strings.TrimLeft(inner, inName))]
	word := inner[:len(inner)-len(strings.TrimLeft(inner, inName+small))]
	switch {
	case name == "":
		return reference{}
	case !braced:
		return reference{word, name, len(name)}
	case strings.HasPrefix(inner[len(name):], "}"):
		return reference{"{" + name + "}", name, len(name) + len("{}")}
	}
	return reference{word: "{" + word}
}
