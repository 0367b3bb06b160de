// SPDX-License-Identifier: BSL-1.0

package main

import (
	"bufio"
	"fmt"
	"os"
)

// Each line of the input is a card, filled up with spaces, or cut.
func cardfile(out chan<- string) {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		out <- fmt.Sprintf("%-80s", lines.Text())[:80]
	}
	close(out)
}

func disassemble(cards <-chan string, out chan<- byte) {
	for cardimage := range cards {
		for _, c := range []byte(cardimage) {
			out <- c
		}
		out <- ' '
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
	cards, characters := make(chan string), make(chan byte)
	go cardfile(cards)
	go disassemble(cards, characters)
	east(characters)
}
