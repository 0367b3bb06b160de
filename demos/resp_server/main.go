// SPDX-License-Identifier: BSL-1.0

package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const mostWords, longestWord, mostData = 64, 64 << 10, 32 << 20

type client struct {
	conn net.Conn
	out  chan string
}

type command struct {
	from  *client
	args  []string // empty when the client has left
	reply chan string
}

func bulk(text string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(text), text) }
func number(n int) string     { return fmt.Sprintf(":%d\r\n", n) }

type store struct {
	values      map[string]string
	subscribers map[string]map[*client]bool
	used        int
}

func (s *store) run(from *client, args []string) string {
	if len(args) == 0 {
		return s.leave(from)
	}
	name, n := strings.ToUpper(args[0]), len(args)
	switch {
	case name == "PING" && n == 1:
		return "+PONG\r\n"
	case name == "GET" && n == 2:
		return s.get(args[1])
	case name == "SET" && n == 3:
		return s.set(args[1], args[2])
	case name == "DEL" && n == 2:
		return number(s.erase(args[1]))
	case name == "PUBLISH" && n == 3:
		return s.publish(args[1], args[2])
	case name == "SUBSCRIBE" && n == 2:
		return s.subscribe(from, args[1])
	}
	return "-ERR unknown command, or wrong number of arguments\r\n"
}

func (s *store) get(key string) string {
	value, found := s.values[key]
	if !found {
		return "$-1\r\n"
	}
	return bulk(value)
}

func (s *store) set(key, value string) string {
	if s.used+len(key)+len(value) > mostData {
		return "-OOM no room for more data\r\n"
	}
	s.erase(key)
	s.values[key] = value
	s.used += len(key) + len(value)
	return "+OK\r\n"
}

func (s *store) erase(key string) int {
	value, found := s.values[key]
	if !found {
		return 0
	}
	s.used -= len(key) + len(value)
	delete(s.values, key)
	return 1
}

// No task waits for a slow subscriber: it is dropped.
func push(to *client, text string) {
	select {
	case to.out <- text:
	default:
		to.conn.Close()
	}
}

func (s *store) publish(channel, text string) string {
	all := s.subscribers[channel]
	for each := range all {
		push(each, "*3\r\n"+bulk("message")+bulk(channel)+bulk(text))
	}
	return number(len(all))
}

// Sends its reply itself, so that no message can come before the reply.
func (s *store) subscribe(from *client, channel string) string {
	if s.subscribers[channel] == nil {
		s.subscribers[channel] = make(map[*client]bool)
	}
	s.subscribers[channel][from] = true
	push(from, "*3\r\n"+bulk("subscribe")+bulk(channel)+number(1))
	return ""
}

func (s *store) leave(from *client) string {
	for channel, all := range s.subscribers {
		delete(all, from)
		if len(all) == 0 {
			delete(s.subscribers, channel)
		}
	}
	return ""
}

func own(commands <-chan command) {
	data := store{values: make(map[string]string), subscribers: make(map[string]map[*client]bool)}
	for c := range commands {
		c.reply <- data.run(c.from, c.args) // never waits: there is room
	}
}

type protocolError string

func (e protocolError) Error() string { return string(e) }

func readNumber(line string, kind byte, most int) (int, error) {
	if line == "" || line[0] != kind {
		return 0, protocolError("expected '" + string(rune(kind)) + "'")
	}
	n, err := strconv.Atoi(line[1:])
	if err != nil || n < 0 || n > most {
		return 0, protocolError("invalid length")
	}
	return n, nil
}

func readLine(input *bufio.Reader) (string, error) {
	line, err := input.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", protocolError("too long a line")
	}
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix(string(line[:len(line)-1]), "\r"), nil
}

func readCommand(input *bufio.Reader) ([]string, error) {
	line, err := readLine(input)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(line, "*") { // a command as people type it
		return strings.Fields(line), nil
	}
	n, err := readNumber(line, '*', mostWords)
	if err != nil {
		return nil, err
	}
	var args []string
	for len(args) < n {
		head, err := readLine(input)
		if err != nil {
			return nil, err
		}
		size, err := readNumber(head, '$', longestWord)
		if err != nil {
			return nil, err
		}
		word := make([]byte, size+2)
		if _, err := io.ReadFull(input, word); err != nil {
			return nil, err
		}
		if string(word[size:]) != "\r\n" {
			return nil, protocolError("expected the end of a word")
		}
		args = append(args, string(word[:size]))
	}
	return args, nil
}

func writeAll(c *client, idle time.Duration, written chan<- bool) {
	for text := range c.out {
		c.conn.SetWriteDeadline(time.Now().Add(idle))
		if _, err := io.WriteString(c.conn, text); err != nil {
			c.conn.Close() // the client has left, or does not read
		}
	}
	close(written)
}

// If a socket is closed with unread input, the error reply that is under way may be lost.
func readAll(conn net.Conn) {
	conn.(*net.TCPConn).CloseWrite()
	conn.SetReadDeadline(time.Now().Add(time.Second))
	io.Copy(io.Discard, conn)
}

func converse(conn net.Conn, commands chan<- command, idle time.Duration) {
	c := &client{conn, make(chan string, 64)}
	written := make(chan bool)
	go writeAll(c, idle, written)
	reply := make(chan string, 1)
	input := bufio.NewReaderSize(conn, longestWord+2)
	var problem protocolError
	for patient := false; ; {
		if !patient {
			conn.SetReadDeadline(time.Now().Add(idle))
		}
		args, err := readCommand(input)
		if err != nil {
			errors.As(err, &problem)
			break
		}
		if len(args) == 0 {
			continue
		}
		if strings.EqualFold(args[0], "SUBSCRIBE") {
			patient = true // a subscriber receives and need not send
			conn.SetReadDeadline(time.Time{})
		}
		commands <- command{c, args, reply}
		if answer := <-reply; answer != "" {
			c.out <- answer
		}
	}
	commands <- command{c, nil, reply}
	<-reply
	if problem != "" {
		select {
		case c.out <- "-ERR Protocol error: " + string(problem) + "\r\n":
		default:
		}
	}
	close(c.out)
	select {
	case <-written:
	case <-time.After(time.Second):
	}
	if problem != "" {
		readAll(c.conn)
	}
	c.conn.Close()
}

func acceptAll(listener net.Listener, commands chan<- command, idle time.Duration) {
	for {
		conn, err := listener.Accept()
		if err == nil {
			go converse(conn, commands, idle)
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
	commands := make(chan command)
	go own(commands)
	go acceptAll(listener, commands, idle)
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
		fmt.Fprintln(os.Stderr, "resp_server:", err)
		os.Exit(1)
	}
}
