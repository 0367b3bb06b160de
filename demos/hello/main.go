// SPDX-License-Identifier: BSL-1.0

package main

import (
	"flag"
	"fmt"
	"time"
)

func process() {
	time.Sleep(1 * time.Millisecond)
	fmt.Println("processing")
}

func hello(wait bool) {
	fmt.Println("start")
	go process()
	if wait {
		time.Sleep(10 * time.Millisecond) // bad: is it long enough?
	}
	fmt.Println("done")
}

func main() {
	noWait := flag.Bool("no-wait", false, "")
	flag.Parse()
	hello(!*noWait)
}
