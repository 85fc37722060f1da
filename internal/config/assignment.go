package config

import (
	"fmt"
	"strings"
	"unicode"
)

// assignment is one NAME=value of a settings file.
type assignment struct {
	line  int // on which it begins, from 1
	name  string
	value string // as it counts: without quotes, with every $NAME replaced
	unset string // the first $NAME that stands for nothing; "" if there is none. The value then counts for nothing.
}

// lineProblem is what is wrong with a line of a settings file.
type lineProblem struct {
	line int
	text string
}

// parseAssignments reads a settings file whose lines end with \n. It reads what dotenv files have in common:
//
//	# a comment; so is what follows a # that has a space in front of it
//	NAME=value                 up to the end of the line, without the spaces around it
//	export NAME = value        so that a shell reads it too; NAME: value is the same
//	NAME='value'               as it stands, over several lines too; \' does not end it
//	NAME="value"               over several lines too, with \n, \r, \", \\ and \$
//
// In a value without quotes or in double quotes, $NAME and ${NAME} stand for the value of an earlier line of the file,
// never of the environment; NAME has capitals, digits and _, and a $ before anything else is a $, as is \$.
//
// The first line that cannot be read ends it. Its text stays unsaid: it may be a key.
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
	rest  string // what has not been read
	line  int    // its first line
	set   map[string]string
	found []assignment
}

// skip takes the next n bytes of the rest as read.
func (p *assignmentParser) skip(n int) {
	n = min(n, len(p.rest))
	p.line += strings.Count(p.rest[:n], "\n")
	p.rest = p.rest[n:]
}

// assignment reads the assignment whose first line is given, and returns what is wrong with it.
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
		return fmt.Sprintf("%U, which cannot be seen, is in front of the value; delete it, or write the line again", r)
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
		from := len(line) - len(value) + 1 // behind the quote
		length := quotedLength(p.rest[from:], value[0])
		if length < 0 {
			return "the quote is never closed; a value that begins with a quote goes into quotes of the other kind"
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

// withoutComment is text up to the first # that has a space in front of it.
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

// quotedLength is how many bytes are in front of the quote that closes, -1 if none does.
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

// expand is text with each $NAME replaced, and in double quotes each escape. unset is the first that stands for nothing.
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

// reference is what a $ refers to. Without a word the $ is only a $; without a name it is of a form that a shell knows and
// this does not.
type reference struct {
	word   string // all that a person would take for it
	name   string
	length int // of what is replaced, without the $
}

// referenceIn returns what a $ in front of text refers to.
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
