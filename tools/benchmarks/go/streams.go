// SPDX-License-Identifier: BSL-1.0

package main

import "time"

// A stage of a pipeline: f gives the next value, and whether it goes on.
func stage(in <-chan int, f func(v int) (int, bool)) <-chan int {
	out := make(chan int, 64)
	go func() {
		defer close(out)
		for v := range in {
			if w, ok := f(v); ok {
				out <- w
			}
		}
	}()
	return out
}

// Ten stages, each a goroutine with a channel, and a loop that adds.
func pipeline(n, k int) result {
	start := time.Now()
	source := make(chan int, 64)
	go func() {
		defer close(source)
		for v := 0; v < n; v++ {
			source <- v
		}
	}()
	skipped, taken := 0, 0
	s := stage(source, func(v int) (int, bool) { return v + 1, true })
	s = stage(s, func(v int) (int, bool) { return v, v%3 != 0 })
	s = stage(s, func(v int) (int, bool) { return v ^ 1, true })
	s = stage(s, func(v int) (int, bool) { return v * 2, v%5 != 0 })
	s = stage(s, func(v int) (int, bool) { skipped++; return v, skipped > 10 })
	s = stage(s, func(v int) (int, bool) { return v, v >= 0 })
	s = stage(s, func(v int) (int, bool) { return v + 7, true })
	s = stage(s, func(v int) (int, bool) { return v, v%7 != 0 })
	s = stage(s, func(v int) (int, bool) { taken++; return v, taken <= n })
	s = stage(s, func(v int) (int, bool) { return v & 0xffff, true })
	sum := 0
	for v := range s {
		sum += v
	}
	return result{ops: n, amount: since(start), check: sum}
}
