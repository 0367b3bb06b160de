// SPDX-License-Identifier: BSL-1.0

package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"time"
)

func residentMemory() int {
	file, err := os.Open("/proc/self/statm")
	if err != nil {
		panic(err)
	}
	defer file.Close()
	var size, resident int
	fmt.Fscan(file, &size, &resident)
	return resident * os.Getpagesize()
}

func threads() int {
	all, _ := os.ReadDir("/proc/self/task")
	return len(all)
}

var waiting atomic.Int64

func waitFor(end <-chan struct{}) {
	waiting.Add(1)
	<-end
}

func million(n int) {
	start := time.Now()
	before := residentMemory()
	end := make(chan struct{})
	for i := 0; i < n; i++ {
		go waitFor(end)
	}
	for waiting.Load() < int64(n) {
		runtime.Gosched()
	}
	bytes := (residentMemory() - before) / n
	fmt.Println(runtime.NumGoroutine()-1, "tasks live on", threads(),
		"threads,", bytes, "bytes each")
	close(end)
	for runtime.NumGoroutine() > 1 {
		runtime.Gosched()
	}
	fmt.Println(runtime.NumGoroutine()-1, "tasks live after",
		time.Since(start).Milliseconds(), "ms")
}

func main() {
	n := flag.Int("n", 1300000, "")
	threads := flag.Int("threads", 1, "")
	flag.Parse()
	runtime.GOMAXPROCS(*threads)
	million(*n)
}
