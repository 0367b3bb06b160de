// SPDX-License-Identifier: BSL-1.0

// Talks to the server through go-redis, in versions 2 and 3 of the protocol. Usage: go_redis PORT
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/redis/go-redis/v9"
)

func expect(got, wanted any) {
	if got != wanted {
		fmt.Printf("got: %v, expected: %v\n", got, wanted)
		os.Exit(1)
	}
}

func main() {
	ctx := context.Background()
	for _, version := range []int{2, 3} {
		r := redis.NewClient(&redis.Options{Addr: "127.0.0.1:" + os.Args[1], Protocol: version})
		expect(r.Ping(ctx).Val(), "PONG")
		expect(r.Set(ctx, "a", "b", 100*time.Second).Val(), "OK")
		expect(r.SetNX(ctx, "a", "c", 0).Val(), false)
		expect(r.Get(ctx, "a").Val(), "b")
		expect(r.Del(ctx, "a", "none").Val(), int64(1))
		expect(r.Get(ctx, "a").Err(), redis.Nil)
		expect(r.Do(ctx, "NONSENSE").Err() == nil, false)
		var answers []*redis.StringCmd
		_, err := r.Pipelined(ctx, func(p redis.Pipeliner) error {
			for number := 0; number < 100; number++ {
				answers = append(answers, p.Echo(ctx, number))
			}
			return nil
		})
		expect(err, nil)
		for number, each := range answers {
			expect(each.Val(), fmt.Sprint(number))
		}
		s := r.Subscribe(ctx, "x", "y")
		for count := 1; count <= 2; count++ {
			told, err := s.Receive(ctx)
			expect(err, nil)
			expect(told.(*redis.Subscription).Count, count)
		}
		expect(r.Publish(ctx, "x", "hello").Val(), int64(1))
		message, err := s.ReceiveMessage(ctx)
		expect(err, nil)
		expect(message.Payload, "hello")
		expect(s.Close(), nil)
		expect(r.Close(), nil)
	}
	fmt.Println("go-redis", redis.Version())
}
