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

type service func(context.Context) (string, error)

// This stands for a service, which fails if its answer is empty.
func ask(name string, d time.Duration, answer string) service {
	return func(ctx context.Context) (string, error) {
		select {
		case <-time.After(d):
		case <-ctx.Done():
			fmt.Println("  " + name + " is cancelled")
			return "", ctx.Err()
		}
		if answer == "" {
			return "", errors.New(name + " failed")
		}
		return answer, nil
	}
}

type ending struct {
	answer string
	err    error
}

// Calls all services at the same time, and tells `ended` how each ends; that may cancel the others.
func callAll(services []service, ended func(ending, context.CancelFunc)) []ending {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	endings := make([]ending, len(services))
	var mu sync.Mutex
	var group sync.WaitGroup
	for i, s := range services {
		group.Add(1)
		go func(i int, s service) {
			defer group.Done()
			answer, err := s(ctx)
			mu.Lock()
			defer mu.Unlock()
			endings[i] = ending{answer, err}
			ended(endings[i], cancel)
		}(i, s)
	}
	group.Wait()
	return endings
}

func whenAll(services ...service) ([]ending, error) {
	var first error
	endings := callAll(services, func(e ending, cancel context.CancelFunc) {
		if e.err != nil && first == nil {
			first = e.err
			cancel()
		}
	})
	return endings, first
}

func race(services ...service) (string, error) {
	var first *ending
	callAll(services, func(e ending, cancel context.CancelFunc) {
		if first == nil {
			first = &e
			cancel()
		}
	})
	return first.answer, first.err
}

func whenAllSettled(services ...service) []ending {
	return callAll(services, func(ending, context.CancelFunc) {})
}

func main() {
	start := time.Now()
	report := func(line string) {
		fmt.Println(line, "after", time.Since(start).Milliseconds(), "ms")
		start = time.Now()
	}

	// All answers are needed: this takes as long as the slowest.
	both, _ := whenAll(ask("price", 80*ms, "9 coins"), ask("stock", 40*ms, "3 left"))
	report(both[0].answer + ", " + both[1].answer)

	// One fails, so no answer of the others is needed: they are cancelled.
	if _, err := whenAll(ask("price", 80*ms, "9 coins"), ask("tax", 40*ms, "")); err != nil {
		report(err.Error())
	}

	// The first answer is enough: the others are cancelled.
	paid, _ := race(ask("bank", 120*ms, "paid by bank"), ask("card", 60*ms, "paid by card"))
	report(paid)

	// Each runs to its end, whatever becomes of the others.
	for _, e := range whenAllSettled(ask("mail", 50*ms, "mail was sent"), ask("fax", 20*ms, ""),
		ask("letter", 90*ms, "letter was sent")) {
		if e.err != nil {
			fmt.Println(e.err)
		} else {
			fmt.Println(e.answer)
		}
	}
	report("settled")
}
