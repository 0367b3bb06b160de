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

func serve(port uint, idle time.Duration) error {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return err
	}
	fmt.Println("listening on", listener.Addr())
	go acceptAll(listener, idle)
	<-stop
	return nil
}

func main() {
	port := flag.Uint("port", 0, "0: any free port")
	idle := flag.Int("idle", 300000, "milliseconds")
	flag.Parse()
	if err := serve(*port, time.Duration(*idle)*time.Millisecond); err != nil {
		fmt.Fprintln(os.Stderr, "echo:", err)
		os.Exit(1)
	}
}
