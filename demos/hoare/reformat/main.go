// SPDX-License-Identifier: BSL-1.0

package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
)

func disassemble(out chan<- byte) {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		cardimage := fmt.Sprintf("%-80s", lines.Text())[:80] + " "
		for _, c := range []byte(cardimage) {
			out <- c
		}
	}
	close(out)
}

func copyAll(in <-chan byte, out chan<- byte) {
	for c := range in {
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
		c := <-in // no asterisk is the last character
		if c == '*' {
			out <- '^'
			continue
		}
		out <- '*'
		out <- c
	}
	close(out)
}

func assemble(in <-chan byte) {
	var lineimage []byte
	for c := range in {
		lineimage = append(lineimage, c)
		if len(lineimage) == 125 {
			fmt.Printf("%s\n", lineimage)
			lineimage = nil
		}
	}
	if len(lineimage) > 0 {
		fmt.Printf("%-125s\n", lineimage)
	}
}

func main() {
	squashed := flag.Bool("squash", false, "")
	flag.Parse()
	west, east := make(chan byte), make(chan byte)
	between := copyAll
	if *squashed {
		between = squash
	}
	go disassemble(west)
	go between(west, east)
	assemble(east)
}
