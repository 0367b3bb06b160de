// SPDX-License-Identifier: BSL-1.0

// The data of a small Redis, and its commands.
package main

import (
	"math"
	"net"
	"strings"
	"sync"
	"time"
)

const (
	mostData    = 32 << 20
	mostAtOnce  = 64        // commands that are handed over
	mostAnswers = 256 << 10 // bytes; then commands have to wait
	mostWaiting = 4 << 20   // bytes; then a subscriber is too slow
)

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
	"RESET":       {1, 1, true, (*store).reset},
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
		with := ""
		for i := 1; i < len(args) && len(with) < 128; i++ {
			with += "'" + string(args[i][:min(len(args[i]), 128-len(with))]) + "' "
		}
		return fail(out, "ERR unknown command '"+given+"', with args beginning with: "+with)
	case len(args) < known.least || len(args) > known.most:
		return fail(out, "ERR wrong number of arguments for '"+name+"' command")
	case !known.always && from.onlyListens():
		return fail(out, "ERR Can't execute '"+name+"': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / "+
			"RESET are allowed in this context")
	default:
		return known.call(s, from, args, out)
	}
}

func (s *store) leave(from *client) {
	for channel := range from.channels {
		s.forget(from, channel)
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
		var ok bool
		if version, ok = integer(args[1]); !ok {
			return fail(out, "ERR Protocol version is not an integer or out of range")
		}
	}
	if version != 2 && version != 3 {
		return fail(out, "NOPROTO unsupported protocol version")
	}
	name := from.name
	for i := 2; i < len(args); i++ {
		switch option := strings.ToUpper(string(args[i])); {
		case option == "AUTH" && i+2 < len(args) && string(args[i+1]) == "default":
			i += 2 // there are no passwords
		case option == "AUTH" && i+2 < len(args):
			return fail(out, "WRONGPASS invalid username-password pair or user is disabled.")
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
	for _, each := range []string{"server", "redis", "version", "7.2.0", "proto"} {
		out = bulk(out, each)
	}
	out = number(bulk(number(out, version, ':'), "id"), from.id, ':')
	for _, each := range []string{"mode", "standalone", "role", "master", "modules"} {
		out = bulk(out, each)
	}
	return number(out, 0, '*')
}

func (s *store) reset(from *client, args words, out []byte) []byte {
	s.leave(from)
	from.resp3, from.name = false, ""
	return append(out, "+RESET\r\n"...)
}

func (s *store) aboutClient(from *client, args words, out []byte) []byte {
	what := strings.ToLower(string(args[1]))
	size := map[string]int{"id": 2, "getname": 2, "setname": 3, "setinfo": 4}[what]
	switch {
	case size == 0:
		return fail(out, "ERR unknown subcommand '"+string(args[1])+"'. Try CLIENT HELP.")
	case size != len(args):
		return fail(out, "ERR wrong number of arguments for 'client|"+what+"' command")
	case what == "id":
		return number(out, from.id, ':')
	case what == "getname" && from.name == "":
		return from.null(out)
	case what == "getname":
		return bulk(out, from.name)
	case what == "setname":
		from.name = string(args[2])
	}
	return append(out, "+OK\r\n"...)
}

func (s *store) choose(from *client, args words, out []byte) []byte {
	if n, ok := integer(args[1]); !ok {
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
		option := strings.ToUpper(string(args[i]))
		itsUnit := map[string]int{"EX": 1000, "PX": 1}[option]
		switch {
		case option == "NX" && !xx:
			nx = true
		case option == "XX" && !nx:
			xx = true
		case itsUnit > 0 && (unit == 0 || unit == itsUnit) && i+1 < len(args):
			unit = itsUnit
			i++
			after = args[i]
		default:
			return fail(out, "ERR syntax error")
		}
	}
	var until time.Time
	if unit > 0 {
		const forEver = 100 * 365 * 24 * time.Hour
		n, ok := integer(after)
		if !ok {
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
