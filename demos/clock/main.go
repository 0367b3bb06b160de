// SPDX-License-Identifier: BSL-1.0

package main

import (
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func tellTime(peer net.Conn, tick time.Duration) {
	defer peer.Close()
	every := time.NewTicker(tick)
	defer every.Stop()
	for {
		if _, err := fmt.Fprintln(peer, time.Now().Format("15:04:05")); err != nil {
			return // the peer has left
		}
		<-every.C
	}
}

func acceptAll(listener net.Listener, tick time.Duration) {
	for {
		peer, err := listener.Accept()
		if err == nil {
			go tellTime(peer, tick)
			continue
		}
		fmt.Fprintln(os.Stderr, "accept:", err)
		time.Sleep(100 * time.Millisecond) // until descriptors are free again
	}
}

func serve(at *net.TCPAddr, tick time.Duration) error {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	signal.Ignore(syscall.SIGHUP)
	listener, err := net.ListenTCP("tcp", at)
	if err != nil {
		return err
	}
	fmt.Println("listening on", listener.Addr())
	go acceptAll(listener, tick)
	<-stop
	return nil
}

func main() {
	host := flag.String("host", "127.0.0.1", "an address")
	port := flag.Int("port", 0, "0: any free port")
	tick := flag.Int("tick", 1000, "milliseconds")
	flag.Parse()
	at := &net.TCPAddr{IP: net.ParseIP(*host), Port: *port}
	if at.IP == nil {
		flag.Usage()
		os.Exit(2)
	}
	if err := serve(at, time.Duration(*tick)*time.Millisecond); err != nil {
		fmt.Fprintln(os.Stderr, "clock:", err)
		os.Exit(1)
	}
}
