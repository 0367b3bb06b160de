// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"os"
	"time"
)

func keyboard(pressed chan<- struct{}) {
	key := make([]byte, 1)
	if _, err := os.Stdin.Read(key); err == nil {
		pressed <- struct{}{}
	}
}

func main() {
	pressed := make(chan struct{})
	go keyboard(pressed)
	fmt.Println("Press return to abort.")
	tick := time.Tick(100 * time.Millisecond)
	for left := 10; left > 0; left-- {
		fmt.Println(left)
		select {
		case <-tick:
		case <-pressed:
			fmt.Println("Launch aborted!")
			return
		}
	}
	fmt.Println("Lift off!")
}
