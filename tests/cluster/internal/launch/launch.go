// Package launch is the command line and the course of a test cluster, whichever servers it is made of: prepare the
// folder, start, wait until it serves, say so, stay until its life ends.
package launch

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"time"

	"campanile.test/cluster/internal/life"
	"campanile.test/cluster/internal/site"
)

// stopWithin bounds how long servers may take to stop. Their data is thrown away: nothing is lost by leaving them.
const stopWithin = 3 * time.Second

// Servers runs etcd and an API server for s until ctx ends or one of them fails, and takes over listener, which holds
// the API server's port.
type Servers func(ctx context.Context, s *site.Site, listener net.Listener) error

// Main runs a test cluster to its end and returns the exit code: 0 after an end that was asked for, 1 after a failure,
// 2 for wrong arguments.
func Main(servers Servers) int {
	dir := flag.String("dir", "", "folder for the cluster's files; kubeconfig appears in it")
	parent := flag.Int("parent-pid", 0, "process whose end ends the cluster, 0 for none")
	flag.Parse()
	if *dir == "" || flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "usage: cluster --dir DIR [--parent-pid N]")
		return 2
	}
	if err := run(*dir, *parent, servers); err != nil {
		fmt.Fprintf(os.Stderr, "test cluster: failed to %v\n", err)
		return 1
	}
	return 0
}

func run(dir string, parent int, servers Servers) error {
	ctx, err := life.Until(parent, os.Stdin)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("find a free port: %w", err)
	}
	s, err := site.Prepare(dir, listener.Addr().(*net.TCPAddr).Port)
	if err != nil {
		return err
	}
	stopped := make(chan error, 1)
	go func() { stopped <- servers(ctx, s, listener) }()
	err = serve(ctx, s, stopped)
	if ctx.Err() != nil {
		fmt.Fprintf(os.Stderr, "test cluster: stops, %v\n", context.Cause(ctx))
	}
	return errors.Join(err, s.Discard())
}

// serve announces the cluster once it serves and returns when it has ended: nil when its life was over.
func serve(ctx context.Context, s *site.Site, stopped <-chan error) error {
	ready := make(chan error, 1)
	go func() { ready <- s.AwaitReady(ctx) }()
	for {
		select {
		case <-ctx.Done():
			awaitStop(stopped)
			return nil
		case err := <-stopped:
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("run the servers: %w", err)
		case err := <-ready:
			if err == nil {
				err = announce(s)
			}
			if err != nil && ctx.Err() == nil {
				return fmt.Errorf("start the servers: %w", err)
			}
		}
	}
}

func announce(s *site.Site) error {
	if err := s.WriteKubeconfig(); err != nil {
		return err
	}
	// Whoever waited may have gone meanwhile; that is for life to judge.
	_, _ = fmt.Println("ready")
	return nil
}

func awaitStop(stopped <-chan error) {
	select {
	case <-stopped:
	case <-time.After(stopWithin):
	}
}
