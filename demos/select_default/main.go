// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"time"
)

func look(ch1, ch2 <-chan int) {
	select {
	case v := <-ch1:
		fmt.Println("channel 1 sends", v)
	case v := <-ch2:
		fmt.Println("channel 2 sends", v)
	default:
		fmt.Println("neither channel was ready")
	}
}

func sendLater(ch chan<- int) {
	time.Sleep(10 * time.Millisecond)
	ch <- 3
}

func main() {
	ch1, ch2 := make(chan int, 1), make(chan int, 1)
	look(ch1, ch2)
	ch1 <- 1
	look(ch1, ch2)
	ch2 <- 2
	look(ch1, ch2)

	go sendLater(ch2) // without a default, select waits for the value
	select {
	case <-ch1:
	case v := <-ch2:
		fmt.Println("channel 2 was waited for and sends", v)
	}

	const picks = 500_000 // half a percent of these is seven standard deviations
	first := 0
	ch1 <- 0
	ch2 <- 0
	for i := 0; i < picks; i++ {
		select {
		case <-ch1:
			first++
			ch1 <- 0
		case <-ch2:
			ch2 <- 0
		}
	}
	fmt.Println("with both ready, channel 1 is picked",
		(100*first+picks/2)/picks, "% of the time")
}
