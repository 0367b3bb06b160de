// SPDX-License-Identifier: BSL-1.0

package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

type result struct {
	val float64
	err error
}

// The task that computed last, and how often another one followed.
var last, switches atomic.Uint32

func process(id uint32, fail bool, work int) (float64, error) {
	state := uint64(id)
	for step := 0; step < work; step++ {
		state = state*6364136223846793005 + 1442695040888963407 // Knuth's MMIX
		if step%100000 == 0 {
			if last.Swap(id) != id {
				switches.Add(1)
			}
			runtime.Gosched()
		}
	}
	if fail || (work > 0 && state == 0) {
		return 0, errors.New("Input/output error")
	}
	return 5.0, nil
}

func scatterGather(n, fail, work int, log bool) {
	c := make(chan result, n)
	var scattered sync.WaitGroup
	scattered.Add(n)
	for i := 0; i < cap(c); i++ { // scatter
		go func(i int) {
			defer scattered.Done()
			val, err := process(uint32(i+1), i < fail, work)
			c <- result{val, err}
		}(i)
	}

	total := 0.0
	failed := 0
	for i := 0; i < cap(c); i++ { // gather
		res := <-c
		if res.err == nil {
			total += res.val
			continue
		}
		failed++
		if log {
			fmt.Fprintln(os.Stderr, "could not process:", res.err)
		}
	}
	fmt.Println("totalfloat: ", total)
	if failed > 0 {
		fmt.Println("errors: ", failed)
	}

	scattered.Wait()
}

func measure(threads int, work func()) {
	start := time.Now()
	switches.Store(0)
	work()
	fmt.Println(threads, "threads:", time.Since(start).Milliseconds(), "ms,",
		switches.Load(), "switches")
}

func main() {
	n := flag.Int("n", 10, "")
	fail := flag.Int("fail", 0, "")
	work := flag.Int("work", 0, "")
	log := flag.Bool("log", false, "")
	list := flag.String("threads", "", "numbers, with commas between")
	flag.Parse()
	var threads []int
	if err := json.Unmarshal([]byte("["+*list+"]"), &threads); err != nil {
		panic(err)
	}
	for _, t := range threads {
		runtime.GOMAXPROCS(t)
		measure(t, func() { scatterGather(*n, *fail, *work, *log) })
	}
	if len(threads) == 0 {
		scatterGather(*n, *fail, *work, *log)
	}
}
