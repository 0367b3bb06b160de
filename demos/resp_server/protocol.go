// SPDX-License-Identifier: BSL-1.0

// RESP, the protocol of Redis: how commands are read, and how answers are written.
package main

import (
	"bytes"
	"strconv"
	"strings"
)

const (
	mostWords, longestWord, longestCommand = 1024, 64 << 10, 1 << 20
	usualInput                             = 16 << 10
)

type words [][]byte // of a command; they refer to the input

// Bytes that were read, and are not done with.
type input struct {
	bytes      []byte
	begin, end int
}

// Where the next bytes go. It may move those that are there.
func (in *input) room() []byte {
	in.end = copy(in.bytes, in.bytes[in.begin:in.end])
	in.begin = 0
	if in.end == 0 && len(in.bytes) != usualInput {
		in.bytes = make([]byte, usualInput)
	}
	if in.end == len(in.bytes) {
		in.bytes = append(in.bytes, make([]byte, len(in.bytes))...)
	}
	return in.bytes[in.end:]
}

// A number as it is written usually: without a plus, and without zeros before it.
func integer(text []byte) (int, bool) {
	n, err := strconv.Atoi(string(text))
	return n, err == nil && strconv.Itoa(n) == string(text)
}

func takeLine(rest []byte) (line, after []byte, ok bool) {
	line, after, ok = bytes.Cut(rest, []byte{'\n'})
	return bytes.TrimSuffix(line, []byte{'\r'}), after, ok
}

func isBlank(c byte) bool { return strings.IndexByte(" \t\n\v\f\r", c) >= 0 }

func isHex(escape []byte) bool {
	_, err := strconv.ParseUint(string(escape[2:]), 16, 8)
	return escape[0] == '\\' && escape[1] == 'x' && err == nil
}

// Splits a line as people type it, in place. Blanks in quotes are part of a word; so is, after a \, a quote
// or a byte such as \n and \x0a. Returns false if a quote has no end, or a word follows it.
func split(line []byte, args words) (words, bool) {
	const escapes, meant = "nrtba", "\n\r\t\b\a"
	for at := 0; ; {
		for at < len(line) && isBlank(line[at]) {
			at++
		}
		if at == len(line) {
			return args, true
		}
		word, quote := line[at:at], byte(0)
		for ; at < len(line) && (quote != 0 || !isBlank(line[at])); at++ {
			switch c := line[at]; {
			case quote != 0 && c == quote:
				if at+1 < len(line) && !isBlank(line[at+1]) {
					return args, false
				}
				quote = 0
			case quote == 0 && (c == '"' || c == '\''):
				quote = c
			case quote == '"' && at+3 < len(line) && isHex(line[at:at+4]):
				code, _ := strconv.ParseUint(string(line[at+2:at+4]), 16, 8)
				word = append(word, byte(code))
				at += 3
			case quote != 0 && c == '\\' && at+1 < len(line) && (quote == '"' || line[at+1] == '\''):
				at++
				c = line[at]
				if known := strings.IndexByte(escapes, c); known >= 0 {
					c = meant[known]
				}
				word = append(word, c)
			default:
				word = append(word, c)
			}
		}
		if quote != 0 {
			return args, false
		}
		args = append(args, word)
	}
}

// What the input begins with: a command, part of one, or nothing that could be one.
type found int

const (
	command found = iota
	part
	nonsense
)

// Takes a command from the input, or says what is wrong with it. A command without words is none.
func nextCommand(in *input, args words) (words, found, string) {
	args = args[:0]
	rest := in.bytes[in.begin:in.end]
	line, after, ok := takeLine(rest)
	if len(line) > longestWord {
		return args, nonsense, "too big inline request"
	}
	if !ok {
		return args, part, ""
	}
	rest = after
	if len(line) == 0 || line[0] != '*' {
		if args, ok = split(line, args); !ok {
			return args, nonsense, "unbalanced quotes in request"
		}
		in.begin = in.end - len(rest)
		return args, command, ""
	}
	n, ok := integer(line[1:])
	if !ok || n > mostWords {
		return args, nonsense, "invalid multibulk length"
	}
	for ; n > 0; n-- {
		head, after, ok := takeLine(rest)
		if !ok {
			if len(rest) > 64 {
				return args, nonsense, "too big bulk count string"
			}
			return args, part, ""
		}
		rest = after
		if len(head) == 0 || head[0] != '$' {
			return args, nonsense, "expected '$', got '" + string(append(head, ' ')[:1]) + "'"
		}
		size, ok := integer(head[1:])
		if !ok || size < 0 || size > longestWord {
			return args, nonsense, "invalid bulk length"
		}
		if in.end-in.begin-len(rest)+size+2 > longestCommand {
			return args, nonsense, "too big a command"
		}
		if len(rest) < size+2 {
			return args, part, ""
		}
		if string(rest[size:size+2]) != "\r\n" {
			return args, nonsense, "expected the end of a word"
		}
		args = append(args, rest[:size])
		rest = rest[size+2:]
	}
	in.begin = in.end - len(rest)
	return args, command, ""
}

func min(a, b int) int {
	if a < b {
		return a
	}
	return b
}

// -- answers

func number(out []byte, n int, kind byte) []byte {
	return append(strconv.AppendInt(append(out, kind), int64(n), 10), "\r\n"...)
}

func bulk(out []byte, text string) []byte {
	return append(append(number(out, len(text), '$'), text...), "\r\n"...)
}

// An error is one line, whatever it quotes.
func fail(out []byte, text string) []byte {
	text = strings.NewReplacer("\r", " ", "\n", " ").Replace(text)
	return append(append(append(out, '-'), text...), "\r\n"...)
}
