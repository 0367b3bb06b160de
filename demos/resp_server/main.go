// SPDX-License-Identifier: BSL-1.0

package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	mostWords, longestWord, longestCommand = 1024, 64 << 10, 1 << 20
	usualInput, mostData                   = 16 << 10, 32 << 20
	mostAtOnce                             = 64        // commands that are handed over
	mostAnswers                            = 256 << 10 // bytes; then commands have to wait
	mostWaiting                            = 4 << 20   // bytes; then a subscriber is too slow
)

type words [][]byte // of a command; they refer to the input

// -- commands

// Bytes that were read, and are not done with.
type input struct {
	bytes      []byte
	begin, end int
}

// Where the next bytes go. It may move those that are there.
func (in *input) room() []byte {
	in.end = copy(in.bytes, in.bytes[in.begin:in.end])
	in.begin = 0
	if in.end == 0 && len(in.bytes) != usualInput {
		in.bytes = make([]byte, usualInput)
	}
	if in.end == len(in.bytes) {
		in.bytes = append(in.bytes, make([]byte, len(in.bytes))...)
	}
	return in.bytes[in.end:]
}

func takeLine(rest []byte) (line, after []byte, ok bool) {
	line, after, ok = bytes.Cut(rest, []byte{'\n'})
	return bytes.TrimSuffix(line, []byte{'\r'}), after, ok
}

func isBlank(c byte) bool { return strings.IndexByte(" \t\n\v\f\r", c) >= 0 }

// Splits a line as people type it, in place. Blanks in quotes are part of a word; so is, after a \, a quote.
// Returns false if a quote has no end, or a word follows it.
func split(line []byte, args words) (words, bool) {
	const escapes, meant = "nrtba", "\n\r\t\b\a"
	for at := 0; ; {
		for at < len(line) && isBlank(line[at]) {
			at++
		}
		if at == len(line) {
			return args, true
		}
		word, quote := line[at:at], byte(0)
		for ; at < len(line) && (quote != 0 || !isBlank(line[at])); at++ {
			switch c := line[at]; {
			case quote != 0 && c == quote:
				if at+1 < len(line) && !isBlank(line[at+1]) {
					return args, false
				}
				quote = 0
			case quote == 0 && (c == '"' || c == '\''):
				quote = c
			case quote != 0 && c == '\\' && at+1 < len(line) && (quote == '"' || line[at+1] == '\''):
				at++
				c = line[at]
				if known := strings.IndexByte(escapes, c); known >= 0 {
					c = meant[known]
				}
				word = append(word, c)
			default:
				word = append(word, c)
			}
		}
		if quote != 0 {
			return args, false
		}
		args = append(args, word)
	}
}

// What the input begins with: a command, part of one, or nothing that could be one.
type found int

const (
	command found = iota
	part
	nonsense
)

// Takes a command from the input, or says what is wrong with it. A command without words is none.
func nextCommand(in *input, args words) (words, found, string) {
	args = args[:0]
	rest := in.bytes[in.begin:in.end]
	line, after, ok := takeLine(rest)
	if len(line) > longestWord {
		return args, nonsense, "too big inline request"
	}
	if !ok {
		return args, part, ""
	}
	rest = after
	if len(line) == 0 || line[0] != '*' {
		if args, ok = split(line, args); !ok {
			return args, nonsense, "unbalanced quotes in request"
		}
		in.begin = in.end - len(rest)
		return args, command, ""
	}
	n, err := strconv.Atoi(string(line[1:]))
	if err != nil || n > mostWords {
		return args, nonsense, "invalid multibulk length"
	}
	for ; n > 0; n-- {
		head, after, ok := takeLine(rest)
		if !ok {
			if len(rest) > 64 {
				return args, nonsense, "too big bulk count string"
			}
			return args, part, ""
		}
		rest = after
		if len(head) == 0 || head[0] != '$' {
			return args, nonsense, "expected '$', got '" + string(head[:min(len(head), 1)]) + "'"
		}
		size, err := strconv.Atoi(string(head[1:]))
		if err != nil || size < 0 || size > longestWord {
			return args, nonsense, "invalid bulk length"
		}
		if in.end-in.begin-len(rest)+size+2 > longestCommand {
			return args, nonsense, "too big a command"
		}
		if len(rest) < size+2 {
			return args, part, ""
		}
		if string(rest[size:size+2]) != "\r\n" {
			return args, nonsense, "expected the end of a word"
		}
		args = append(args, rest[:size])
		rest = rest[size+2:]
	}
	in.begin = in.end - len(rest)
	return args, command, ""
}

func min(a, b int) int {
	if a < b {
		return a
	}
	return b
}

// -- answers

func number(out []byte, n int, kind byte) []byte {
	return append(strconv.AppendInt(append(out, kind), int64(n), 10), "\r\n"...)
}

func bulk(out []byte, text string) []byte {
	return append(append(number(out, len(text), '$'), text...), "\r\n"...)
}

// An error is one line, whatever it quotes.
func fail(out []byte, text string) []byte {
	text = strings.NewReplacer("\r", " ", "\n", " ").Replace(text)
	return append(append(append(out, '-'), text...), "\r\n"...)
}

// -- a client

// What waits to be written to a client.
type outbox struct {
	sync.Mutex
	changed sync.Cond
	bytes   []byte
	closed  bool
}

// Returns false, and adds nothing, if more than `most` bytes would wait.
func (b *outbox) add(text []byte, most int) bool {
	b.Lock()
	defer b.Unlock()
	if len(b.bytes)+len(text) > most {
		return false
	}
	b.bytes = append(b.bytes, text...)
	b.changed.Broadcast()
	return true
}

func (b *outbox) close() {
	b.Lock()
	b.closed = true
	b.changed.Broadcast()
	b.Unlock()
}

func (b *outbox) isFull() bool {
	b.Lock()
	defer b.Unlock()
	return len(b.bytes) >= mostAnswers
}

// Returns false if it is closed.
func (b *outbox) waitForRoom() bool {
	b.Lock()
	defer b.Unlock()
	for len(b.bytes) >= mostAnswers && !b.closed {
		b.changed.Wait()
	}
	return !b.closed
}

// Takes all that waits, for which it waits; nothing, if the outbox is closed. It may use `spare` next.
func (b *outbox) take(spare []byte) []byte {
	b.Lock()
	defer b.Unlock()
	for len(b.bytes) == 0 && !b.closed {
		b.changed.Wait()
	}
	all := b.bytes
	if cap(spare) > usualInput {
		spare = nil
	}
	b.bytes = spare[:0]
	b.changed.Broadcast()
	return all
}

type client struct {
	conn     *net.TCPConn
	in       input
	commands [mostAtOnce]words
	out      outbox
	leaving  bool
	resp3    bool // it understands version 3 of the protocol
	id       int
	name     string
	channels map[string]bool
}

// Version 2 cannot tell a message from an answer, so a subscriber is not answered.
func (c *client) onlyListens() bool { return !c.resp3 && len(c.channels) > 0 }

func (c *client) null(out []byte) []byte {
	if c.resp3 {
		return append(out, "_\r\n"...)
	}
	return append(out, "$-1\r\n"...)
}

// -- the data

type value struct {
	text  string
	until time.Time // zero: for ever
}

func (v value) expired() bool { return !v.until.IsZero() && !v.until.After(time.Now()) }

type store struct {
	values      map[string]value
	subscribers map[string]map[*client]bool
	used        int // bytes of all keys, values and channels
	nextLook    time.Time
}

type rule struct {
	least, most int // words
	always      bool
	call        func(*store, *client, words, []byte) []byte
}

var rules = map[string]rule{
	"CLIENT":      {2, mostWords, false, (*store).aboutClient},
	"COMMAND":     {1, mostWords, false, (*store).listCommands},
	"DEL":         {2, mostWords, false, (*store).del},
	"ECHO":        {2, 2, false, (*store).echo},
	"GET":         {2, 2, false, (*store).get},
	"HELLO":       {1, mostWords, false, (*store).hello},
	"INFO":        {1, mostWords, false, (*store).info},
	"PING":        {1, 2, true, (*store).ping},
	"PUBLISH":     {3, 3, false, (*store).publish},
	"QUIT":        {1, mostWords, true, (*store).quit},
	"SELECT":      {2, 2, false, (*store).choose},
	"SET":         {3, mostWords, false, (*store).set},
	"SUBSCRIBE":   {2, mostWords, true, (*store).subscribe},
	"UNSUBSCRIBE": {1, mostWords, true, (*store).unsubscribe},
}

const noInteger = "ERR value is not an integer or out of range"

func (s *store) run(from *client, args words, out []byte) []byte {
	given := string(args[0][:min(len(args[0]), 128)])
	upper, name := strings.ToUpper(given), strings.ToLower(given)
	// A browser that is made to send a web page's form here must not get far.
	if strings.HasPrefix(upper, "POST") || strings.HasPrefix(upper, "HOST:") {
		from.leaving = true
		return out
	}
	switch known, ok := rules[upper]; {
	case !ok:
		text := "ERR unknown command '" + given + "', with args beginning with: "
		for i := 1; i < len(args) && len(text) < 256; i++ {
			text += "'" + string(args[i][:min(len(args[i]), 128)]) + "' "
		}
		return fail(out, text)
	case len(args) < known.least || len(args) > known.most:
		return fail(out, "ERR wrong number of arguments for '"+name+"' command")
	case !known.always && from.onlyListens():
		return fail(out, "ERR Can't execute '"+name+"': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / "+
			"RESET are allowed in this context")
	default:
		return known.call(s, from, args, out)
	}
}

func (s *store) ping(from *client, args words, out []byte) []byte {
	text := ""
	if len(args) == 2 {
		text = string(args[1])
	}
	if from.onlyListens() {
		return bulk(append(out, "*2\r\n$4\r\npong\r\n"...), text)
	}
	if len(args) == 2 {
		return bulk(out, text)
	}
	return append(out, "+PONG\r\n"...)
}

func (s *store) echo(from *client, args words, out []byte) []byte { return bulk(out, string(args[1])) }

func (s *store) quit(from *client, args words, out []byte) []byte {
	from.leaving = true
	return append(out, "+OK\r\n"...)
}

func (s *store) hello(from *client, args words, out []byte) []byte {
	version := 2
	if from.resp3 {
		version = 3
	}
	if len(args) > 1 {
		var err error
		if version, err = strconv.Atoi(string(args[1])); err != nil {
			return fail(out, "ERR Protocol version is not an integer or out of range")
		}
	}
	if version != 2 && version != 3 {
		return fail(out, "NOPROTO unsupported protocol version")
	}
	name := from.name
	for i := 2; i < len(args); i++ {
		switch option := strings.ToUpper(string(args[i])); {
		case option == "AUTH" && i+2 < len(args):
			i += 2 // there are no passwords
		case option == "SETNAME" && i+1 < len(args):
			i++
			name = string(args[i])
		default:
			return fail(out, "ERR Syntax error in HELLO option '"+string(args[i])+"'")
		}
	}
	from.name, from.resp3 = name, version == 3
	if from.resp3 {
		out = append(out, "%7\r\n"...)
	} else {
		out = append(out, "*14\r\n"...)
	}
	for _, each := range []string{"server", "redis", "version", "7.2.0", "mode", "standalone", "role", "master", "proto"} {
		out = bulk(out, each)
	}
	out = number(bulk(number(out, version, ':'), "id"), from.id, ':')
	return number(bulk(out, "modules"), 0, '*')
}

func (s *store) aboutClient(from *client, args words, out []byte) []byte {
	switch what := strings.ToUpper(string(args[1])); {
	case what == "ID" && len(args) == 2:
		return number(out, from.id, ':')
	case what == "GETNAME" && len(args) == 2 && from.name == "":
		return from.null(out)
	case what == "GETNAME" && len(args) == 2:
		return bulk(out, from.name)
	case what == "SETNAME" && len(args) == 3:
		from.name = string(args[2])
		return append(out, "+OK\r\n"...)
	case what == "SETINFO" && len(args) == 4:
		return append(out, "+OK\r\n"...)
	}
	return fail(out, "ERR unknown subcommand or wrong number of arguments for '"+string(args[1])+"'. Try CLIENT HELP.")
}

func (s *store) choose(from *client, args words, out []byte) []byte {
	if n, err := strconv.Atoi(string(args[1])); err != nil {
		return fail(out, noInteger)
	} else if n != 0 {
		return fail(out, "ERR DB index is out of range")
	}
	return append(out, "+OK\r\n"...)
}

func (s *store) info(from *client, args words, out []byte) []byte {
	return bulk(out, "# Server\r\nredis_version:7.2.0\r\nredis_mode:standalone\r\n")
}

func (s *store) listCommands(from *client, args words, out []byte) []byte { return number(out, 0, '*') }

// What has expired is not there for who looks for it. The rest of it goes when its room is needed.
func (s *store) find(key []byte) (value, bool) {
	v, there := s.values[string(key)]
	if there && v.expired() {
		s.erase(string(key), v)
		return value{}, false
	}
	return v, there
}

func (s *store) eraseExpired() {
	if time.Now().Before(s.nextLook) {
		return
	}
	s.nextLook = time.Now().Add(time.Second)
	for key, v := range s.values {
		if v.expired() {
			s.erase(key, v)
		}
	}
}

func (s *store) erase(key string, v value) {
	s.used -= len(key) + len(v.text)
	delete(s.values, key)
}

func (s *store) get(from *client, args words, out []byte) []byte {
	if v, there := s.find(args[1]); there {
		return bulk(out, v.text)
	}
	return from.null(out)
}

func (s *store) set(from *client, args words, out []byte) []byte {
	nx, xx := false, false
	unit := 0 // of `after`, in milliseconds
	var after []byte
	for i := 3; i < len(args); i++ {
		switch option := strings.ToUpper(string(args[i])); {
		case option == "NX" && !xx:
			nx = true
		case option == "XX" && !nx:
			xx = true
		case (option == "EX" || option == "PX") && unit == 0 && i+1 < len(args):
			if unit = 1; option == "EX" {
				unit = 1000
			}
			i++
			after = args[i]
		default:
			return fail(out, "ERR syntax error")
		}
	}
	var until time.Time
	if unit > 0 {
		const forEver = 100 * 365 * 24 * time.Hour
		n, err := strconv.Atoi(string(after))
		if err != nil {
			return fail(out, noInteger)
		}
		if n <= 0 || n > math.MaxInt64/2/unit {
			return fail(out, "ERR invalid expire time in 'set' command")
		}
		if n*unit < int(forEver/time.Millisecond) {
			until = time.Now().Add(time.Duration(n*unit) * time.Millisecond)
		}
	}
	key, text := args[1], args[2]
	if s.used+len(key)+len(text) > mostData {
		s.eraseExpired()
	}
	old, there := s.find(key)
	if (nx && there) || (xx && !there) {
		return from.null(out)
	}
	more := len(text) - len(old.text)
	if !there {
		more += len(key)
	}
	if s.used+more > mostData {
		return fail(out, "OOM no room for more data")
	}
	s.values[string(key)] = value{string(text), until}
	s.used += more
	return append(out, "+OK\r\n"...)
}

func (s *store) del(from *client, args words, out []byte) []byte {
	n := 0
	for _, key := range args[1:] {
		if v, there := s.find(key); there {
			s.erase(string(key), v)
			n++
		}
	}
	return number(out, n, ':')
}

// No task waits for a slow subscriber: it is dropped.
func (s *store) publish(from *client, args words, out []byte) []byte {
	message := append([]byte(nil), "*3\r\n$7\r\nmessage\r\n"...)
	message = bulk(bulk(message, string(args[1])), string(args[2]))
	all := s.subscribers[string(args[1])]
	for each := range all {
		if message[0] = '*'; each.resp3 {
			message[0] = '>'
		}
		if !each.out.add(message, mostWaiting) {
			each.conn.Close()
		}
	}
	return number(out, len(all), ':')
}

func (s *store) subscribe(from *client, args words, out []byte) []byte {
	for _, each := range args[1:] {
		channel := string(each)
		if !from.channels[channel] {
			if s.used+len(channel) > mostData {
				return fail(out, "OOM no room for more data")
			}
			s.used += len(channel)
			from.channels[channel] = true
			if s.subscribers[channel] == nil {
				s.subscribers[channel] = make(map[*client]bool)
			}
			s.subscribers[channel][from] = true
		}
		out = tellCount(from, "subscribe", channel, out)
	}
	return out
}

func (s *store) unsubscribe(from *client, args words, out []byte) []byte {
	var channels []string
	for _, each := range args[1:] {
		channels = append(channels, string(each))
	}
	if channels == nil {
		for each := range from.channels {
			channels = append(channels, each)
		}
	}
	for _, each := range channels {
		s.forget(from, each)
		out = tellCount(from, "unsubscribe", each, out)
	}
	if channels == nil {
		out = bulk(append(out, pushed(from)+"3\r\n"...), "unsubscribe")
		out = number(from.null(out), 0, ':')
	}
	return out
}

func pushed(to *client) string {
	if to.resp3 {
		return ">"
	}
	return "*"
}

func tellCount(to *client, what, channel string, out []byte) []byte {
	out = append(out, pushed(to)+"3\r\n"...)
	return number(bulk(bulk(out, what), channel), len(to.channels), ':')
}

func (s *store) forget(from *client, channel string) {
	if !from.channels[channel] {
		return
	}
	delete(from.channels, channel)
	s.used -= len(channel)
	all := s.subscribers[channel]
	delete(all, from)
	if len(all) == 0 {
		delete(s.subscribers, channel)
	}
}

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
			for channel := range r.from.channels {
				data.forget(r.from, channel)
			}
		}
		r.reply <- n // never waits: there is room
	}
}

// -- connections

// Writes at once all that waits. A client that takes none of it for the time idle is disconnected.
func writeAll(c *client, idle time.Duration, written chan<- bool) {
	defer close(written)
	var all []byte
	for {
		all = c.out.take(all)
		if len(all) == 0 {
			return
		}
		for rest := all; len(rest) > 0; {
			c.conn.SetWriteDeadline(time.Now().Add(idle))
			n, _ := c.conn.Write(rest)
			if n == 0 {
				c.conn.Close() // the client has left, was dropped, or does not read
				c.out.close()
				return
			}
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
