// SPDX-License-Identifier: BSL-1.0

package main

import (
	"fmt"
	"runtime"
	"time"
)

// Each actor has a function that runs it, and another that makes the first return soon.
type runGroup struct {
	actors []actor
}

type actor struct {
	execute   func() string // returns the reason why it ended
	interrupt func(string)
}

func (g *runGroup) add(execute func() string, interrupt func(string)) {
	g.actors = append(g.actors, actor{execute, interrupt})
}

// Returns the reason of the first actor to return, once all have returned.
func (g *runGroup) run() string {
	reasons := make(chan string, len(g.actors))
	for _, a := range g.actors {
		a := a
		go func() {
			reasons <- a.execute()
		}()
	}
	first := <-reasons
	for _, a := range g.actors {
		a.interrupt(first)
	}
	for i := 1; i < len(g.actors); i++ {
		<-reasons
	}
	return first
}

func threeActors() {
	start := time.Now()
	say := func(what string) {
		fmt.Println(time.Since(start).Milliseconds(), "ms:", what)
	}
	var g runGroup

	closeServer, stopTicker := make(chan struct{}), make(chan struct{})
	server := func() string {
		<-closeServer
		time.Sleep(90 * time.Millisecond) // until its clients have left
		say("server returns")
		return "closed"
	}
	g.add(server, func(why string) {
		say("interrupt server: " + why)
		close(closeServer)
	})

	ticker := func() string {
		every := time.NewTicker(50 * time.Millisecond)
		for stop := false; !stop; {
			<-every.C
			select {
			case <-stopTicker:
				stop = true
			default:
			}
		}
		say("ticker returns")
		return "stopped"
	}
	g.add(ticker, func(why string) {
		say("interrupt ticker: " + why)
		close(stopTicker)
	})

	writer := func() string {
		time.Sleep(10 * time.Millisecond)
		say("writer returns")
		return "disk full"
	}
	g.add(writer, func(why string) { say("interrupt writer: " + why) })

	why := g.run()
	say("run returns: " + why)
	for runtime.NumGoroutine() > 1 { // it sends its reason before it ends
		runtime.Gosched()
	}
	fmt.Println("left:", runtime.NumGoroutine()-1)
}

func main() {
	threeActors()
}
