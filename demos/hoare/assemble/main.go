// SPDX-License-Identifier: BSL-1.0

package main

import (
	"bufio"
	"fmt"
	"os"
)

func west(out chan<- byte) {
	in := bufio.NewReader(os.Stdin)
	for c, err := in.ReadByte(); err == nil; c, err = in.ReadByte() {
		if c != '\n' {
			out <- c
		}
	}
	close(out)
}

func assemble(in <-chan byte, lines chan<- string) {
	var lineimage []byte
	for c := range in {
		lineimage = append(lineimage, c)
		if len(lineimage) == 125 {
			lines <- string(lineimage)
			lineimage = nil
		}
	}
	if len(lineimage) > 0 {
		lines <- fmt.Sprintf("%-125s", lineimage)
	}
	close(lines)
}

func lineprinter(lines <-chan string) {
	for lineimage := range lines {
		fmt.Println(lineimage)
	}
}

func main() {
	characters, lines := make(chan byte), make(chan string)
	go west(characters)
	go assemble(characters, lines)
	lineprinter(lines)
}
