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

func echo(peer net.Conn, idle time.Duration) {
	defer peer.Close()
	data := make([]byte, 4096)
	for {
		peer.SetDeadline(time.Now().Add(idle))
		n, err := peer.Read(data)
		if err != nil {
			return // the peer has left, or is disconnected because it is silent
		}
		if _, err := peer.Write(data[:n]); err != nil {
			return
		}
	}
}

func acceptAll(listener net.Listener, idle time.Duration) {
	for {
		peer, err := listener.Accept()
		if err == nil {
			go echo(peer, idle)
			continue
		}
		fmt.Fprintln(os.Stderr, "accept:", err)
		time.Sleep(100 * time.Millisecond) // until descriptors are free again
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
	go acceptAll(listener, idle)
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
		fmt.Fprintln(os.Stderr, "echo:", err)
		os.Exit(1)
	}
}
