// Command cluster is a Kubernetes control plane for tests: etcd and kube-apiserver in one process on the loopback
// interface, with RBAC, without nodes and controllers. README.md says how to use it.
package main

import (
	"context"
	"fmt"
	"net"
	"os"

	"campanile.test/cluster/internal/launch"
	"campanile.test/cluster/internal/site"
)

func main() {
	os.Exit(launch.Main(servers))
}

// servers does not wait for the API server to drain when ctx ends: open watches would hold it up, and nothing is kept.
func servers(ctx context.Context, s *site.Site, listener net.Listener) error {
	store, err := startEtcd(s.Etcd())
	if err != nil {
		return fmt.Errorf("start etcd: %w", err)
	}
	failed := make(chan error, 1)
	go func() { failed <- runAPIServer(ctx, s.APIServerFlags(), listener) }()
	select {
	case <-ctx.Done():
		return nil
	case err := <-store.Err():
		return fmt.Errorf("etcd failed: %w", err)
	case err := <-failed:
		return fmt.Errorf("kube-apiserver ended: %w", err)
	}
}
