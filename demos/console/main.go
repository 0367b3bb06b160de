// SPDX-License-Identifier: BSL-1.0

package main

import (
	"bufio"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func keyboard(lines chan<- string) {
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		lines <- in.Text()
	}
	close(lines)
}

func interrupts(signals chan os.Signal) {
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
}

func console() {
	lines := make(chan string)
	signals := make(chan os.Signal, 1)
	go keyboard(lines)
	interrupts(signals)
	every := time.NewTicker(100 * time.Millisecond)
	for ticks := 0; ; {
		select {
		case line, ok := <-lines:
			if !ok {
				fmt.Println("end of input")
				return
			}
			fmt.Println("line:", line)
		case which := <-signals:
			fmt.Println("signal", int(which.(syscall.Signal)))
			if which == syscall.SIGTERM {
				return
			}
		case <-every.C:
			ticks++
			fmt.Println("tick", ticks)
		}
	}
}

func main() {
	console()
}
