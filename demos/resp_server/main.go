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
	"sync"
	"syscall"
	"time"
	"unsafe"
)

type request struct {
	from     *client
	commands []words    // none: the client has left
	reply    chan<- int // how many were answered
}

func own(requests <-chan request) {
	data := store{values: make(map[string]value), subscribers: make(map[string]map[*client]bool)}
	var out []byte
	for r := range requests {
		n := 0
		for ; n < len(r.commands) && !r.from.leaving && !r.from.out.isFull(); n++ {
			out = data.run(r.from, r.commands[n], out[:0])
			r.from.out.add(out, math.MaxInt)
		}
		if len(r.commands) == 0 {
			data.leave(r.from)
		}
		r.reply <- n // never waits: there is room
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

// Writes at once all that waits. A client that reads none of it for the time idle is disconnected.
func writeAll(c *client, idle time.Duration, written chan<- bool) {
	defer close(written)
	var all []byte
	before := -1
	for {
		all = c.out.take(all)
		if len(all) == 0 {
			return
		}
		for rest := all; len(rest) > 0; {
			c.conn.SetWriteDeadline(time.Now().Add(idle))
			n, err := c.conn.Write(rest)
			held := before
			if errors.Is(err, os.ErrDeadlineExceeded) {
				held = unread(c.conn)
			}
			if n == 0 && held == before {
				c.conn.Close() // the client has left, was dropped, or does not read
				c.out.close()
				return
			}
			before = held
			rest = rest[n:]
		}
	}
}

// Returns false if no more commands are to be read.
func answer(c *client, commands []words, requests chan<- request, reply chan int) bool {
	for len(commands) > 0 {
		requests <- request{c, commands, reply}
		commands = commands[<-reply:]
		if !c.out.waitForRoom() || c.leaving {
			return false
		}
	}
	return true
}

// Reads commands, and returns what was wrong with the last one. A subscriber may be silent.
func readCommands(c *client, requests chan<- request, reply chan int, idle time.Duration) string {
	for {
		n, next, wrong := 0, command, ""
		for next == command && n < mostAtOnce {
			c.commands[n], next, wrong = nextCommand(&c.in, c.commands[n])
			if next == command && len(c.commands[n]) > 0 {
				n++
			}
		}
		if !answer(c, c.commands[:n], requests, reply) || next == nonsense {
			return wrong
		}
		if next == command {
			continue
		}
		var patience time.Time
		if len(c.channels) == 0 {
			patience = time.Now().Add(idle)
		}
		c.conn.SetReadDeadline(patience)
		got, err := c.conn.Read(c.in.room())
		if err != nil {
			return ""
		}
		c.in.end += got
	}
}

func converse(conn *net.TCPConn, id int, stop <-chan bool, requests chan<- request, idle time.Duration) {
	defer conn.Close()
	c := &client{conn: conn, id: id, channels: make(map[string]bool)}
	c.out.changed.L = &c.out
	written, left := make(chan bool), make(chan bool)
	defer close(left)
	go writeAll(c, idle, written)
	go func() {
		select {
		case <-stop:
			conn.CloseRead() // those commands that were read are answered
		case <-left:
		}
	}()
	reply := make(chan int, 1)
	wrong := readCommands(c, requests, reply, idle)
	requests <- request{c, nil, reply}
	<-reply
	if wrong != "" {
		c.out.add(fail(nil, "ERR Protocol error: "+wrong), math.MaxInt)
	}
	c.out.close()
	select {
	case <-written:
	case <-time.After(time.Second):
	}
	select {
	case <-stop:
	default: // if a socket is closed with unread input, the answer that is under way may be lost
		conn.CloseWrite()
		conn.SetReadDeadline(time.Now().Add(time.Second))
		io.Copy(io.Discard, conn)
	}
}

func acceptAll(listener *net.TCPListener, stop <-chan bool, sessions *sync.WaitGroup, idle time.Duration) {
	requests := make(chan request)
	go own(requests)
	for id := 1; ; id++ {
		conn, err := listener.AcceptTCP()
		if err == nil {
			sessions.Add(1)
			go func(id int) {
				defer sessions.Done()
				converse(conn, id, stop, requests, idle)
			}(id)
			continue
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func serve(at *net.TCPAddr, idle time.Duration) error {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	signal.Ignore(syscall.SIGHUP)
	listener, err := net.ListenTCP("tcp", at)
	if err != nil {
		return err
	}
	fmt.Println("listening on", listener.Addr())
	stop, ended := make(chan bool), make(chan bool)
	var sessions sync.WaitGroup
	sessions.Add(1)
	go acceptAll(listener, stop, &sessions, idle)
	<-signals
	listener.Close()
	close(stop)
	sessions.Done()
	go func() {
		sessions.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(time.Second):
	}
	return nil
}

func main() {
	host := flag.String("host", "127.0.0.1", "an address")
	port := flag.Int("port", 0, "0: any free port")
	idle := flag.Int("idle", 300000, "milliseconds")
	flag.Parse()
	at := &net.TCPAddr{IP: net.ParseIP(*host), Port: *port}
	if at.IP == nil {
		flag.Usage()
		os.Exit(2)
	}
	if err := serve(at, time.Duration(*idle)*time.Millisecond); err != nil {
		fmt.Fprintln(os.Stderr, "resp_server:", err)
		os.Exit(1)
	}
}
