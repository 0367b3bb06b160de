// SPDX-License-Identifier: BSL-1.0

package main

import (
	"bytes"
	"fmt"
	"sync"
	"time"
)

func brew(order string, cup []byte) {
	fmt.Println("making", order)
	copy(cup, bytes.Repeat([]byte{' '}, len(cup)))
	for i := range order {
		cup[i] = order[i]
		time.Sleep(10 * time.Millisecond)
	}
}

func main() {
	cup := make([]byte, 15)
	var orders sync.WaitGroup
	for _, order := range []string{"cappuccino", "flat white", "espresso", "latte"} {
		orders.Add(1)
		go func(order string) {
			defer orders.Done()
			brew(order, cup)
		}(order)
		time.Sleep(3 * time.Millisecond) // then the next customer comes
	}
	orders.Wait()
	fmt.Println(string(cup))
}
