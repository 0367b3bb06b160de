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

func echo(peer net.Conn) {
	defer peer.Close()
	data := make([]byte, 4096)
	for {
		n, err := peer.Read(data)
		if err != nil {
			return // the peer has left
		}
		if _, err := peer.Write(data[:n]); err != nil {
			return
		}
	}
}

func acceptAll(listener net.Listener) {
	for {
		peer, err := listener.Accept()
		if err == nil {
			go echo(peer)
			continue
		}
		fmt.Fprintln(os.Stderr, "accept:", err)
		time.Sleep(100 * time.Millisecond) // descriptors that have run out stay so a while
	}
}

func serve(port uint) error {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return err
	}
	fmt.Println("listening on", listener.Addr())
	go acceptAll(listener)
	<-stop
	return nil
}

func main() {
	port := flag.Uint("port", 0, "0: any free port")
	flag.Parse()
	if err := serve(*port); err != nil {
		fmt.Fprintln(os.Stderr, "echo:", err)
		os.Exit(1)
	}
}
