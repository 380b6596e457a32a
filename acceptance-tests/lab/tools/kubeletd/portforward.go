package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
	"k8s.io/cri-streaming/pkg/streaming"
	"k8s.io/cri-streaming/pkg/streaming/portforward"
)

const dialTimeout = 10 * time.Second

func (s state) servePortForward(w http.ResponseWriter, r *http.Request) {
	pod, err := s.pod(r.PathValue("namespace"), r.PathValue("pod"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	options, err := portforward.NewV4Options(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	portforward.ServePortForward(w, r, pod, r.PathValue("pod"), "", options,
		streaming.DefaultConfig.StreamIdleTimeout, streaming.DefaultConfig.StreamCreationTimeout,
		streaming.DefaultConfig.SupportedPortForwardProtocols)
}

// PortForward copies between a stream and a port of the pod's loopback interface.
func (p pod) PortForward(_ context.Context, _, _ string, port int32, stream io.ReadWriteCloser) error {
	connection, err := p.dial(port)
	if err != nil {
		return err
	}
	defer connection.Close()
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		io.Copy(connection, stream)
		connection.(*net.TCPConn).CloseWrite()
	}()
	_, err = io.Copy(stream, connection)
	stream.Close()
	<-sent
	return err
}

func (p pod) dial(port int32) (net.Conn, error) {
	type result struct {
		connection net.Conn
		err        error
	}
	dialed := make(chan result)
	go func() {
		// Never unlocked: the thread is of no further use in another network namespace and ends here.
		runtime.LockOSThread()
		if err := enterNetwork(p.NetworkNamespace); err != nil {
			dialed <- result{err: err}
			return
		}
		// A literal address is dialed by the calling thread itself.
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(int(port)))
		connection, err := net.DialTimeout("tcp4", address, dialTimeout)
		dialed <- result{connection, err}
	}()
	done := <-dialed
	return done.connection, done.err
}

func enterNetwork(path string) error {
	namespace, err := os.Open(path)
	if err != nil {
		return err
	}
	defer namespace.Close()
	if err := unix.Setns(int(namespace.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("entering %s: %w", path, err)
	}
	return nil
}
