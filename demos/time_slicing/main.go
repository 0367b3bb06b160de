// SPDX-License-Identifier: BSL-1.0

package main

import (
	"flag"
	"fmt"
	"runtime"
	"syscall"
	"time"
)

type slice struct {
	task   int
	thread int
}

func compute(state uint64) uint64 {
	for step := 0; step < 300000; step++ {
		state = state*6364136223846793005 + 1442695040888963407 // Knuth's MMIX
	}
	return state
}

func work(task, slices int, trace chan<- slice) {
	var state uint64
	for i := 0; i < slices; i++ {
		state = compute(state)
		trace <- slice{task, syscall.Gettid()}
		time.Sleep(100 * time.Microsecond) // the task pauses
	}
}

func timeSlicing(tasks, slices int) {
	trace := make(chan slice)
	for t := 0; t < tasks; t++ {
		go work(t, slices, trace)
	}

	letters := map[int]byte{} // a letter for each thread, in order of appearance
	lanes := make([]string, tasks)
	moved := 0
	for i := 0; i < tasks*slices; i++ {
		s := <-trace
		letter, known := letters[s.thread]
		if !known {
			letter = byte('a' + len(letters)%26)
			letters[s.thread] = letter
		}
		lane := lanes[s.task]
		if lane != "" && lane[len(lane)-1] != letter {
			moved++
		}
		lanes[s.task] += string(letter)
	}
	for t, lane := range lanes {
		fmt.Println("task", t, "ran on", lane)
	}
	fmt.Println(len(letters), "threads, moved", moved, "times")
}

func main() {
	tasks := flag.Int("tasks", 3, "")
	slices := flag.Int("slices", 40, "")
	threads := flag.Int("threads", 2, "")
	flag.Parse()
	runtime.GOMAXPROCS(*threads)
	timeSlicing(*tasks, *slices)
}
