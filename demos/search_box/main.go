// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"strings"
	"time"
)

const ms = time.Millisecond

type stroke struct {
	pause time.Duration // before the key
	text  string        // in the box after it
}

func keyboard() <-chan string {
	keys := make(chan string)
	go func() {
		for _, each := range []stroke{{20 * ms, "s"}, {30 * ms, "se"}, {30 * ms, "sea"},
			{150 * ms, "seal"}, {30 * ms, "seals"}, {30 * ms, "seal"}} {
			time.Sleep(each.pause)
			keys <- each.text
		}
		time.Sleep(150 * ms)
		close(keys)
	}()
	return keys
}

func debounce(in <-chan string, d time.Duration) <-chan string {
	out := make(chan string)
	go func() {
		defer close(out)
		latest := ""
		var quiet <-chan time.Time // it is nil if there is nothing to give
		for {
			select {
			case text, more := <-in:
				if !more {
					if quiet != nil {
						out <- latest
					}
					return
				}
				latest = text
				quiet = time.After(d)
			case <-quiet:
				out <- latest
				quiet = nil
			}
		}
	}()
	return out
}

func sample(in <-chan string, d time.Duration) <-chan string {
	out := make(chan string)
	go func() {
		defer close(out)
		every := time.NewTicker(d)
		defer every.Stop()
		latest, fresh := "", false
		for {
			select {
			case text, more := <-in:
				if !more {
					return
				}
				latest, fresh = text, true
			case <-every.C:
				if fresh {
					out <- latest
					fresh = false
				}
			}
		}
	}()
	return out
}

func throttle(in <-chan string, d time.Duration) <-chan string {
	out := make(chan string)
	go func() {
		defer close(out)
		var earliest time.Time
		for text := range in {
			time.Sleep(time.Until(earliest))
			earliest = time.Now().Add(d)
			out <- text
		}
	}()
	return out
}

func chunks(in <-chan string, n int, d time.Duration) <-chan []string {
	out := make(chan []string)
	go func() {
		defer close(out)
		var chunk []string
		var late <-chan time.Time // it is nil if the chunk is empty
		for {
			select {
			case text, more := <-in:
				if !more {
					if chunk != nil {
						out <- chunk
					}
					return
				}
				if chunk == nil {
					late = time.After(d)
				}
				if chunk = append(chunk, text); len(chunk) < n {
					continue
				}
			case <-late:
			}
			out <- chunk
			chunk, late = nil, nil
		}
	}()
	return out
}

func join(in <-chan []string) <-chan string {
	out := make(chan string)
	go func() {
		defer close(out)
		for texts := range in {
			out <- strings.Join(texts, "+")
		}
	}()
	return out
}

func show(name string, texts <-chan string) {
	start := time.Now()
	fmt.Print(name, ":")
	for text := range texts {
		fmt.Print(" ", text, " at ", time.Since(start).Milliseconds(), " ms")
	}
	fmt.Println()
}

func main() {
	// What was typed before a pause of 100 ms.
	show("debounce", debounce(keyboard(), 100*ms))
	// The latest text, every 160 ms, if there is a new one.
	show("sample", sample(keyboard(), 160*ms))
	// Each text, but at least 60 ms after the one before it.
	show("throttle", throttle(keyboard(), 60*ms))
	// Two texts together; or one, if the second takes longer than 100 ms.
	show("chunks", join(chunks(keyboard(), 2, 100*ms)))
}
