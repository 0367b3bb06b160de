// SPDX-License-Identifier: BSL-1.0

package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
)

type result struct {
	val float64
	err error
}

func process(fail bool) (float64, error) {
	if fail {
		return 0, errors.New("Input/output error")
	}
	return 5.0, nil
}

func scatterGather(n, fail int, log bool) {
	c := make(chan result, n)
	for i := 0; i < cap(c); i++ { // scatter
		go func(i int) {
			val, err := process(i < fail)
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

	for runtime.NumGoroutine() > 1 { // nobody is left behind, or this never ends
		runtime.Gosched()
	}
}

func main() {
	n := flag.Int("n", 10, "")
	fail := flag.Int("fail", 0, "")
	log := flag.Bool("log", false, "")
	flag.Parse()
	scatterGather(*n, *fail, *log)
}
