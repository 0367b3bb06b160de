// SPDX-License-Identifier: BSL-1.0

package main

import (
	"bufio"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

const mostLines, mostBytes = 4096, 1 << 20 // that wait for a client

type client struct {
	conn    net.Conn
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

// Writes at once all that waits. A client that takes none of it for the time idle is disconnected.
func tell(c *client, idle time.Duration, told chan<- bool) {
	defer close(told)
	for line := range c.out {
		for all := takeAll(c, line); len(all) > 0; {
			c.conn.SetWriteDeadline(time.Now().Add(idle))
			n, _ := c.conn.Write(all)
			if n == 0 {
				c.conn.Close() // which readLine will notice, too
				return
			}
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

func chat(conn net.Conn, h hall, idle time.Duration) {
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

func acceptAll(listener net.Listener, h hall, idle time.Duration) {
	for {
		conn, err := listener.Accept()
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
