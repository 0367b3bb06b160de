// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"time"
)

func buffer(producer <-chan int, consumer chan<- int) {
	var portions []int
	for {
		var in <-chan int // it is nil, and nil is never ready
		var out chan<- int
		var first int
		if len(portions) < 10 {
			in = producer
		}
		if len(portions) > 0 {
			out = consumer
			first = portions[0]
		}
		select {
		case portion := <-in:
			portions = append(portions, portion)
		case out <- first:
			portions = portions[1:]
		}
	}
}

func produce(out chan<- int, start time.Time) {
	for portion := 1; portion <= 30; portion++ {
		out <- portion
	}
	fmt.Println("all portions are produced after", time.Since(start).Milliseconds(), "ms")
}

func consume(in <-chan int, start time.Time) {
	inOrder := 0
	for i := 1; i <= 30; i++ {
		time.Sleep(10 * time.Millisecond)
		if portion := <-in; portion == i {
			inOrder++
		}
	}
	fmt.Println(inOrder, "portions are consumed in order after",
		time.Since(start).Milliseconds(), "ms")
}

func main() {
	fromProducer, toConsumer := make(chan int), make(chan int)
	start := time.Now()
	go buffer(fromProducer, toConsumer)
	go produce(fromProducer, start)
	consume(toConsumer, start)
}
