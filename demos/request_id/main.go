// SPDX-License-Identifier: BSL-1.0

package main

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const ms = time.Millisecond

type requestID struct{}

func log(ctx context.Context, what string) {
	id, ok := ctx.Value(requestID{}).(string)
	if !ok {
		id = "no request"
	}
	fmt.Println(id + ": " + what)
}

func ask(ctx context.Context, table string) {
	log(ctx, "asks for "+table)
	time.Sleep(100 * ms)
	log(ctx, "has "+table)
}

func audit(ctx context.Context) {
	time.Sleep(105 * ms)
	log(ctx, "is audited")
}

func handle(ctx context.Context) {
	ask(ctx, "the user")
	ask(ctx, "the orders")
	go audit(ctx) // goes on when the request has been answered, and still knows its number
	log(ctx, "is answered")
}

func main() {
	ctx := context.Background()
	var requests sync.WaitGroup
	for i := 1; i <= 3; i++ {
		requests.Add(1)
		go func(ctx context.Context) {
			defer requests.Done()
			handle(ctx)
		}(context.WithValue(ctx, requestID{}, fmt.Sprint("request ", i)))
		time.Sleep(30 * ms)
	}
	log(ctx, "all have begun")
	requests.Wait()
	time.Sleep(200 * ms)
	log(ctx, "all have ended")
}
