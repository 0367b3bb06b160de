// SPDX-License-Identifier: BSL-1.0

package main

import (
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

type backend struct {
	port      int
	pending   int
	downUntil time.Time
}

type result struct {
	from    *backend
	reached bool
}

type balancer struct {
	requests chan chan *backend // each brings a channel
	done     chan result
}

func less(a, b *backend, now time.Time) bool {
	if down := a.downUntil.After(now); down != b.downUntil.After(now) {
		return !down
	}
	return a.pending < b.pending
}

func balance(b balancer, ports []int) {
	var pool []*backend
	for _, port := range ports {
		pool = append(pool, &backend{port: port})
	}
	for {
		select {
		case reply := <-b.requests:
			least := pool[0]
			for _, each := range pool {
				if less(each, least, time.Now()) {
					least = each
				}
			}
			least.pending++
			reply <- least // never waits: there is room
		case r := <-b.done:
			r.from.pending--
			if !r.reached {
				r.from.downUntil = time.Now().Add(time.Second)
			}
		}
	}
}

// Writes, and resets the timer, which closes both connections when no byte has passed for too long.
type noted struct {
	net.Conn
	timer *time.Timer
	idle  time.Duration
}

func (to noted) Write(data []byte) (int, error) {
	to.timer.Reset(to.idle)
	return to.Conn.Write(data)
}

// Copies until from has no more; if either connection fails, both are closed.
func copy(to noted, from net.Conn) {
	if _, err := io.Copy(struct{ io.Writer }{to}, from); err != nil {
		from.Close()
		to.Close()
	}
}

func endOfData(to net.Conn) {
	to.(*net.TCPConn).CloseWrite()
}

func ask(server noted, client net.Conn, asked chan<- bool) {
	copy(server, client)
	endOfData(server.Conn)
	close(asked)
}

func connect(port int) (net.Conn, error) {
	return net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), time.Second)
}

func proxy(client net.Conn, b balancer, attempts int, idle time.Duration) {
	defer client.Close()
	reply := make(chan *backend, 1)
	for ; attempts > 0; attempts-- {
		b.requests <- reply
		chosen := <-reply
		server, err := connect(chosen.port)
		if err != nil {
			b.done <- result{chosen, false}
			continue
		}
		timer := time.AfterFunc(idle, func() {
			server.Close()
			client.Close()
		})
		asked := make(chan bool)
		go ask(noted{server, timer, idle}, client, asked)
		copy(noted{client, timer, idle}, server)
		b.done <- result{chosen, true}
		endOfData(client)
		select {
		case <-asked:
		case <-time.After(time.Second):
		}
		timer.Stop()
		server.Close()
		return
	}
	fmt.Fprintln(os.Stderr, "no backend answers")
}

func acceptAll(listener net.Listener, b balancer, attempts int, idle time.Duration) {
	for {
		client, err := listener.Accept()
		if err == nil {
			go proxy(client, b, attempts, idle)
			continue
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func serve(port uint, backends []int, idle time.Duration) error {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return err
	}
	fmt.Println("listening on", listener.Addr())
	b := balancer{make(chan chan *backend), make(chan result)}
	go balance(b, backends)
	go acceptAll(listener, b, len(backends), idle)
	<-stop
	return nil
}

func main() {
	port := flag.Uint("port", 0, "0: any free port")
	idle := flag.Int("idle", 300000, "milliseconds")
	flag.Parse()
	var backends []int
	for _, each := range flag.Args() {
		number, err := strconv.Atoi(each)
		if err != nil || number < 1 || number > 65535 {
			flag.Usage()
			os.Exit(2)
		}
		backends = append(backends, number)
	}
	if len(backends) == 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := serve(*port, backends, time.Duration(*idle)*time.Millisecond); err != nil {
		fmt.Fprintln(os.Stderr, "tcp_balancer:", err)
		os.Exit(1)
	}
}
