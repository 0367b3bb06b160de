// SPDX-License-Identifier: BSL-1.0

package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"sync"
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

var begun, ended sync.WaitGroup
var live atomic.Int64

func waitFor(end <-chan struct{}) {
	live.Add(1)
	begun.Done()
	<-end
	live.Add(-1)
	ended.Done()
}

func million(n int) {
	start := time.Now()
	before := residentMemory()
	end := make(chan struct{})
	begun.Add(n)
	ended.Add(n)
	for i := 0; i < n; i++ {
		go waitFor(end)
	}
	begun.Wait()
	bytes := (residentMemory() - before) / n
	fmt.Println(live.Load(), "tasks live on", threads(),
		"threads,", bytes, "bytes each")
	close(end)
	ended.Wait()
	fmt.Println(live.Load(), "tasks live after",
		time.Since(start).Milliseconds(), "ms")
}

func main() {
	n := flag.Int("n", 1300000, "")
	threads := flag.Int("threads", 1, "")
	flag.Parse()
	runtime.GOMAXPROCS(*threads)
	million(*n)
}
