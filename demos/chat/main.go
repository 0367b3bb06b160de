// SPDX-License-Identifier: BSL-1.0

package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

const mostLines, mostBytes = 4096, 1 << 20 // that wait for a client

type client struct {
	conn    *net.TCPConn
	out     chan string
	waiting atomic.Int64 // bytes in out
}

type hall struct {
	entering, leaving chan *client
	messages          chan string
}

// Returns false if too much waits for the client.
func (c *client) trySend(line string) bool {
	if c.waiting.Load() >= mostBytes {
		return false
	}
	select {
	case c.out <- line:
		c.waiting.Add(int64(len(line)))
		return true
	default:
		return false
	}
}

func broadcast(h hall) {
	clients := make(map[*client]bool)
	for {
		select {
		case c := <-h.entering:
			clients[c] = true
		case c := <-h.leaving:
			delete(clients, c)
		case line := <-h.messages:
			for each := range clients {
				if !each.trySend(line) {
					each.conn.Close() // dropped: it is too slow
				}
			}
		}
	}
}

// Takes all lines that wait, after the first.
func takeAll(c *client, line string) []byte {
	all := []byte(line)
	for {
		select {
		case line := <-c.out: // empty if it is closed
			all = append(all, line...)
			if line != "" {
				continue
			}
		default:
		}
		c.waiting.Add(-int64(len(all)))
		return all
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
func tell(c *client, idle time.Duration, told chan<- bool) {
	defer close(told)
	before := -1
	for line := range c.out {
		for all := takeAll(c, line); len(all) > 0; {
			c.conn.SetWriteDeadline(time.Now().Add(idle))
			n, err := c.conn.Write(all)
			held := before
			if errors.Is(err, os.ErrDeadlineExceeded) {
				held = unread(c.conn)
			}
			if n == 0 && held == before {
				c.conn.Close() // which readLine will notice, too
				return
			}
			before = held
			all = all[n:]
		}
	}
}

// Reads a line of at most 1024 bytes, within the time idle, and returns it without its end, which is \r\n if telnet
// sends it; the bytes after it stay in input.
func readLine(conn net.Conn, input *bufio.Reader, idle time.Duration) (string, error) {
	conn.SetReadDeadline(time.Now().Add(idle))
	line, err := input.ReadSlice('\n')
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix(string(line[:len(line)-1]), "\r"), nil
}

func chat(conn *net.TCPConn, h hall, idle time.Duration) {
	c := &client{conn: conn, out: make(chan string, mostLines)}
	told := make(chan bool)
	go tell(c, idle, told)
	input := bufio.NewReaderSize(conn, 1024)
	name := ""
	for {
		words, err := readLine(conn, input, idle)
		if err != nil {
			break // the client has left, was dropped, was silent for too long, or sent too long a line
		}
		if name != "" {
			h.messages <- name + ": " + words + "\n"
		} else if words != "" {
			name = words
			h.entering <- c
			h.messages <- name + " has arrived\n"
		}
	}
	c.conn.Close()
	h.leaving <- c
	close(c.out)
	if name != "" {
		h.messages <- name + " has left\n"
	}
	<-told
}

func acceptAll(listener *net.TCPListener, h hall, idle time.Duration) {
	for {
		conn, err := listener.AcceptTCP()
		if err == nil {
			go chat(conn, h, idle)
			continue
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func serve(at *net.TCPAddr, idle time.Duration) error {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	signal.Ignore(syscall.SIGHUP)
	listener, err := net.ListenTCP("tcp", at)
	if err != nil {
		return err
	}
	fmt.Println("listening on", listener.Addr())
	h := hall{make(chan *client), make(chan *client), make(chan string)}
	go broadcast(h)
	go acceptAll(listener, h, idle)
	<-stop
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
		fmt.Fprintln(os.Stderr, "chat:", err)
		os.Exit(1)
	}
}
