// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"syscall"
	"time"
)

func readByte(from int) byte { // blocks until there is a byte
	b := make([]byte, 1)
	if _, err := syscall.Read(from, b); err != nil {
		panic(err)
	}
	return b[0]
}

func writeByte(to int, b byte) {
	if _, err := syscall.Write(to, []byte{b}); err != nil {
		panic(err)
	}
}

func tick(to int) {
	every := time.NewTicker(10 * time.Millisecond)
	for i := 1; i <= 3; i++ {
		<-every.C
		fmt.Println("tick", i)
	}
	writeByte(to, '!') // the reader can go on only now
}

func blocking() {
	var ends [2]int
	if err := syscall.Pipe(ends[:]); err != nil {
		panic(err)
	}
	go tick(ends[1])
	fmt.Println("reading")
	b := readByte(ends[0])
	fmt.Printf("read %c\n", b)
}

func main() {
	blocking()
}
