// SPDX-License-Identifier: BSL-1.0

package main

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

const ms = time.Millisecond

// This may return early, so another goroutine closes the channel.
func deliver(first, number int, out chan<- int, senders *sync.WaitGroup) {
	defer senders.Done()
	for i := 0; i < number; i++ {
		time.Sleep(10 * ms)
		if first+i == 12 {
			return
		}
		out <- first + i
	}
}

func lastSenderCloses() {
	parcels := make(chan int)
	var senders sync.WaitGroup
	senders.Add(2)
	go deliver(1, 5, parcels, &senders)
	go deliver(10, 5, parcels, &senders)
	go func() {
		senders.Wait()
		close(parcels)
	}()
	number, sum := 0, 0
	for parcel := range parcels {
		number++
		sum += parcel
	}
	fmt.Printf("%d parcels, sum %d\n", number, sum)
}

func takeTwo(in <-chan int, gone chan<- struct{}) {
	defer close(gone)
	<-in
	<-in
}

// A sender learns that its receiver is gone from a second channel.
func lastReceiverCloses() {
	parcels, gone := make(chan int), make(chan struct{})
	go takeTwo(parcels, gone)
	for parcel := 1; ; parcel++ {
		select {
		case parcels <- parcel:
		case <-gone:
			fmt.Println("parcel", parcel, "comes back")
			return
		}
	}
}

// The cause stands beside the channel: it is written before the close, and read after that.
func closeWithCause() {
	parcels := make(chan int, 2)
	var cause error
	parcels <- 1
	cause = errors.New("the road is blocked")
	close(parcels)
	for parcel := range parcels {
		fmt.Printf("parcel %d, then %v\n", parcel, cause)
	}
}

func main() {
	lastSenderCloses()
	lastReceiverCloses()
	closeWithCause()
}
