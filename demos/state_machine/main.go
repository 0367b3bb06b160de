// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"sync"
	"sync/atomic"
)

type stateMachine struct {
	state   string // belongs to the loop
	actions chan func()
	quit    chan struct{}
}

func newStateMachine() *stateMachine {
	return &stateMachine{"A", make(chan func()), make(chan struct{})}
}

func (m *stateMachine) loop() {
	for {
		select {
		case f := <-m.actions:
			f()
		case <-m.quit:
			return
		}
	}
}

func (m *stateMachine) stop() { close(m.quit) }

// The result is false if the machine was stopped.
func (m *stateMachine) foo() (int, bool) {
	c := make(chan int, 1)
	f := func() {
		if m.state == "A" {
			m.state = "B"
			fmt.Println("from A to B")
		}
		c <- 123
	}
	select {
	case m.actions <- f:
	case <-m.quit:
		return 0, false
	}
	return <-c, true
}

func callFoo(machine *stateMachine, sum, refused *int64) {
	if answer, ok := machine.foo(); ok {
		atomic.AddInt64(sum, int64(answer))
	} else {
		atomic.AddInt64(refused, 1)
	}
}

func callOften(machine *stateMachine) {
	var sum, refused int64
	var calls sync.WaitGroup
	for i := 0; i < 10; i++ {
		calls.Add(1)
		go func() {
			defer calls.Done()
			callFoo(machine, &sum, &refused)
		}()
	}
	calls.Wait()
	fmt.Println("10 calls:", sum, "in sum,", refused, "refused")
}

func main() {
	machine := newStateMachine()
	loop := make(chan struct{})
	go func() {
		defer close(loop)
		machine.loop()
	}()
	callOften(machine)
	machine.stop()
	<-loop
	callOften(machine)
}
