// SPDX-License-Identifier: BSL-1.0

package main

import (
	"bufio"
	"os"
)

func west(out chan<- byte) {
	in := bufio.NewReader(os.Stdin)
	for c, err := in.ReadByte(); err == nil; c, err = in.ReadByte() {
		out <- c
	}
	close(out)
}

func squash(in <-chan byte, out chan<- byte) {
	for c := range in {
		if c != '*' {
			out <- c
			continue
		}
		c, more := <-in
		if c == '*' {
			out <- '^'
			continue
		}
		out <- '*'
		if more { // an asterisk may be the last character
			out <- c
		}
	}
	close(out)
}

func east(in <-chan byte) {
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for c := range in {
		out.WriteByte(c)
	}
}

func main() {
	fromWest, toEast := make(chan byte), make(chan byte)
	go west(fromWest)
	go squash(fromWest, toEast)
	east(toEast)
}
