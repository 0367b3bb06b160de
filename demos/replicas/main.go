// SPDX-License-Identifier: BSL-1.0

package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const ms = time.Millisecond

// A replica takes `time` for each call, and fails as often as `failures` says.
type replica struct {
	name     string
	time     time.Duration
	failures int
	calls    int
}

func (r *replica) fetch(ctx context.Context) (string, error) {
	r.calls++
	select {
	case <-time.After(r.time):
	case <-ctx.Done():
		return "", ctx.Err()
	}
	if r.failures--; r.failures >= 0 {
		return "", errors.New(r.name + " failed")
	}
	return "a page of " + r.name, nil
}

// The name of each line tells what was done.
func report(what string, call func() (string, error)) {
	start := time.Now()
	how, err := call()
	if err != nil {
		how = err.Error()
	}
	fmt.Printf("%s: %s after %d ms\n", what, how, time.Since(start).Milliseconds())
}

// The next replica is asked when the one before it has failed, or has taken longer than `delay`.
func hedge(delay time.Duration, replicas ...*replica) (string, error) {
	ctx, cancel := context.WithCancel(context.Background())
	type ending struct {
		page string
		err  error
	}
	endings := make(chan ending, len(replicas))
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	var first error
	for started, failed := 0, 0; ; {
		if started < len(replicas) {
			r := replicas[started]
			started++
			running.Add(1)
			go func() {
				defer running.Done()
				page, err := r.fetch(ctx)
				endings <- ending{page, err}
			}()
		}
		var late <-chan time.Time
		if started < len(replicas) {
			late = time.After(delay)
		}
		select {
		case e := <-endings:
			if e.err == nil {
				return e.page, nil
			}
			if first == nil {
				first = e.err
			}
			if failed++; failed == len(replicas) {
				return "", first
			}
		case <-late:
		}
	}
}

// Pauses are random in heddle; here they are 0.
func retry(attempts int, r *replica) (page string, err error) {
	for ; attempts > 0; attempts-- {
		if page, err = r.fetch(context.Background()); err == nil {
			break
		}
	}
	return page, err
}

// A breaker lets no call through for a time, after so many failures, and then one.
type breaker struct {
	mu       sync.Mutex
	most     int
	openFor  time.Duration
	failures int
	reopens  time.Time
	probing  bool
}

func (b *breaker) call(r *replica) (string, error) {
	b.mu.Lock()
	if b.failures >= b.most {
		if b.probing || time.Now().Before(b.reopens) {
			b.mu.Unlock()
			return "", errors.New("refused")
		}
		b.probing = true
	}
	b.mu.Unlock()

	page, err := r.fetch(context.Background())
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = false
	if err == nil {
		b.failures = 0
	} else if b.failures++; b.failures >= b.most {
		b.reopens = time.Now().Add(b.openFor)
	}
	return page, err
}

func main() {
	// The second replica is asked only if the first takes longer than 50 ms, or fails.
	quick, slow := &replica{name: "quick", time: 30 * ms}, &replica{name: "slow", time: 300 * ms}
	flaky := &replica{name: "flaky", time: 20 * ms, failures: 1}
	report("hedge", func() (string, error) { return hedge(50*ms, quick, slow) })
	report("hedge", func() (string, error) { return hedge(50*ms, slow, quick) })
	report("hedge", func() (string, error) { return hedge(50*ms, flaky, quick) })

	flaky.failures = 2
	report("retry", func() (string, error) { return retry(3, flaky) })
	flaky.failures = 3
	report("retry", func() (string, error) { return retry(3, flaky) })

	// After two failures the replica is left alone for 200 ms; then one call may try.
	broken := &replica{name: "broken", time: 10 * ms, failures: 2}
	b := &breaker{most: 2, openFor: 200 * ms}
	for i := 0; i < 4; i++ {
		report("breaker", func() (string, error) { return b.call(broken) })
	}
	time.Sleep(200 * ms)
	report("breaker", func() (string, error) { return b.call(broken) })
	fmt.Println("slow was called", slow.calls, "times, flaky", flaky.calls, "and broken", broken.calls)
}
