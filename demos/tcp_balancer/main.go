// SPDX-License-Identifier: BSL-1.0

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"os/signal"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
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

// How many bytes the system holds for a peer. If their number changes, the peer reads, however slowly. A write tells that late,
// when a third of them has been read.
func unread(conn *net.TCPConn) int {
	bytes := int32(0)
	if raw, err := conn.SyscallConn(); err == nil {
		raw.Control(func(fd uintptr) {
			syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TIOCOUTQ, uintptr(unsafe.Pointer(&bytes)))
		})
	}
	return int(bytes)
}

// Copied is a connection that is copied from and to.
type copied struct {
	*net.TCPConn
	timer *time.Timer // closes both connections when no byte has passed for too long
	idle  time.Duration
	ended *atomic.Bool // nothing more is sent to it
}

func (c copied) Write(data []byte) (int, error) {
	c.timer.Reset(c.idle)
	return c.TCPConn.Write(data)
}

// Whether a connection was reset, although a read gave its end, as a write has got the error.
func (c copied) wasReset() bool {
	gone := false
	raw, err := c.SyscallConn()
	if err == nil {
		err = raw.Control(func(fd uintptr) {
			_, err := syscall.Getpeername(int(fd))
			gone = err != nil
		})
	}
	return (gone || err != nil) && !c.ended.Load()
}

// Copies until from has no more, and tells to so. If either connection breaks, so does the other.
func copy(to, from copied, done chan<- bool) {
	_, err := io.Copy(struct{ io.Writer }{to}, from.TCPConn)
	if err == nil && !from.wasReset() {
		to.ended.Store(true)
		to.CloseWrite()
		done <- true
		return
	}
	from.Close()
	to.Close()
	done <- false
}

// Whether a connection failed for want of something of this program's: then no backend is to blame.
func isOurLack(err error) bool {
	for _, each := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM,
		syscall.EADDRNOTAVAIL} {
		if errors.Is(err, each) {
			return true
		}
	}
	return false
}

func connect(port int) (*net.TCPConn, error) {
	for {
		conn, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), time.Second)
		if err == nil {
			return conn.(*net.TCPConn), nil
		}
		if !isOurLack(err) {
			return nil, err
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// Until both connections have ended, a close cuts them off by RST, also that of a program that is killed: then what
// was cut off does not look like an end.
func proxy(client *net.TCPConn, b balancer, attempts int, idle time.Duration) {
	defer client.Close()
	client.SetLinger(0)
	reply := make(chan *backend, 1)
	for ; attempts > 0; attempts-- {
		b.requests <- reply
		chosen := <-reply
		server, err := connect(chosen.port)
		if err != nil {
			b.done <- result{chosen, false}
			continue
		}
		server.SetLinger(0)
		before := -1
		var timer *time.Timer
		timer = time.AfterFunc(math.MaxInt64, func() {
			held := unread(server) + unread(client)
			if held > 0 && held != before {
				before = held
				timer.Reset(idle)
				return
			}
			server.Close()
			client.Close()
		})
		timer.Reset(idle)
		from := copied{client, timer, idle, new(atomic.Bool)}
		to := copied{server, timer, idle, new(atomic.Bool)}
		done := make(chan bool, 2)
		go copy(to, from, done)
		go copy(from, to, done)
		if first, second := <-done, <-done; first && second {
			client.SetLinger(-1)
			server.SetLinger(-1)
		}
		timer.Stop()
		server.Close()
		b.done <- result{chosen, true}
		return
	}
	fmt.Fprintln(os.Stderr, "no backend answers")
}

// Each connection takes two descriptors; clients beyond that wait in the backlog of the system, and not for a backend.
func mostSessions() uint64 {
	var descriptors syscall.Rlimit
	syscall.Getrlimit(syscall.RLIMIT_NOFILE, &descriptors)
	switch most := descriptors.Cur; {
	case most > 20000:
		return 10000
	case most > 18:
		return (most - 16) / 2
	}
	return 1
}

func acceptAll(listener *net.TCPListener, b balancer, attempts int, idle time.Duration) {
	sessions := make(chan bool, mostSessions())
	for {
		sessions <- true
		client, err := listener.AcceptTCP()
		if err == nil {
			go func() {
				proxy(client, b, attempts, idle)
				<-sessions
			}()
			continue
		}
		<-sessions
		time.Sleep(100 * time.Millisecond)
	}
}

func serve(at *net.TCPAddr, backends []int, idle time.Duration) error {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	signal.Ignore(syscall.SIGHUP)
	listener, err := net.ListenTCP("tcp", at)
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
	host := flag.String("host", "127.0.0.1", "an address")
	port := flag.Int("port", 0, "0: any free port")
	idle := flag.Int("idle", 300000, "milliseconds")
	flag.Parse()
	at := &net.TCPAddr{IP: net.ParseIP(*host), Port: *port}
	var backends []int
	for _, each := range flag.Args() {
		number, err := strconv.Atoi(each)
		if err != nil || number < 1 || number > 65535 {
			flag.Usage()
			os.Exit(2)
		}
		backends = append(backends, number)
	}
	if at.IP == nil || len(backends) == 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := serve(at, backends, time.Duration(*idle)*time.Millisecond); err != nil {
		fmt.Fprintln(os.Stderr, "tcp_balancer:", err)
		os.Exit(1)
	}
}
