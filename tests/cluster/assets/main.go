// Command assets is the test cluster made of given programs, etcd and kube-apiserver, from the folder that
// KUBEBUILDER_ASSETS names: the same arguments and answers as the one that embeds them, without the long build.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"campanile.test/cluster/internal/launch"
	"campanile.test/cluster/internal/site"
)

// stopWithin is how long a program may take after SIGTERM before it is killed.
const stopWithin = 2 * time.Second

func main() {
	os.Exit(launch.Main(servers))
}

func servers(ctx context.Context, s *site.Site, listener net.Listener) error {
	folder := os.Getenv("KUBEBUILDER_ASSETS")
	if folder == "" {
		return errors.New("KUBEBUILDER_ASSETS is not set: it must name the folder of etcd and kube-apiserver")
	}
	// Given up at the last moment, because these programs cannot be handed an open one.
	if err := listener.Close(); err != nil {
		return fmt.Errorf("free the port: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 2)
	go func() { ended <- program(ctx, filepath.Join(folder, "etcd"), etcdFlags(s.Etcd())) }()
	go func() { ended <- program(ctx, filepath.Join(folder, "kube-apiserver"), s.APIServerFlags()) }()
	first := <-ended
	cancel()
	<-ended
	return first
}

func etcdFlags(settings site.Etcd) []string {
	return []string{
		"--data-dir=" + settings.Folder,
		"--listen-client-urls=" + settings.ClientURL,
		// Demanded beside the one above, and dialled by nobody: there is no other member.
		"--advertise-client-urls=http://localhost:2379",
		"--listen-peer-urls=" + settings.PeerURL,
		"--unsafe-no-fsync",
		"--log-level=error",
	}
}

// program runs one of the two until it ends or ctx does; then it is asked to stop, and killed if it does not.
func program(ctx context.Context, path string, arguments []string) error {
	// The kernel ends an orphan when the thread that started it goes, so that thread must stay as long.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	command := exec.CommandContext(ctx, path, arguments...)
	command.Stdout, command.Stderr = os.Stderr, os.Stderr
	command.SysProcAttr = endsWithParent()
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = stopWithin
	if err := command.Run(); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return fmt.Errorf("%s: ended by itself", filepath.Base(path))
}
