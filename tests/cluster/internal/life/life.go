// Package life decides when a test cluster ends: on a signal, when a pipe on standard input closes, when the process
// that wanted it is gone, or after an hour. Whatever becomes of its caller, no cluster is left behind.
package life

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const (
	longest   = 60 * time.Minute
	pollEvery = time.Second
)

// Causes of an end, as context.Cause reports them.
var (
	ErrInput  = errors.New("standard input was closed")
	ErrParent = errors.New("the parent process is gone")
	ErrAge    = errors.New("its time was up")
)

// Until returns a context that ends with the cluster's life. A parent of 0 means that none is watched.
func Until(parent int, input *os.File) (context.Context, error) {
	ctx, release := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	// Once a signal has come, the next one kills: a stop that hangs is no prison.
	context.AfterFunc(ctx, release)
	ctx, end := context.WithCancelCause(ctx)
	time.AfterFunc(longest, func() { end(ErrAge) })
	if isPipe(input) {
		go watchInput(input, end)
	}
	if parent != 0 {
		process, err := os.FindProcess(parent)
		if err != nil {
			return nil, fmt.Errorf("watch parent %d: %w", parent, err)
		}
		go watchProcess(process, end)
	}
	return ctx, nil
}

// isPipe tells a caller that holds the other end from a terminal or the null device, whose end says nothing.
func isPipe(input *os.File) bool {
	info, err := input.Stat()
	return err == nil && info.Mode()&(os.ModeNamedPipe|os.ModeSocket) != 0
}

func watchInput(input io.Reader, end context.CancelCauseFunc) {
	_, _ = io.Copy(io.Discard, input)
	end(ErrInput)
}

// watchProcess asks for no more than whether the process is there. The handle holds the process itself where the
// system has such handles, so that a new one with the same number is not mistaken for it.
func watchProcess(process *os.Process, end context.CancelCauseFunc) {
	for process.Signal(syscall.Signal(0)) == nil && !isZombie(process.Pid) {
		time.Sleep(pollEvery)
	}
	end(ErrParent)
}

// isZombie finds a process that has ended and that nobody collects, as an orphan in a container without an init. Where
// there is no /proc it says no.
func isZombie(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	// The state follows the command's name, which stands in parentheses and may hold anything.
	_, state, _ := bytes.Cut(stat[bytes.LastIndexByte(stat, ')')+1:], []byte(" "))
	return bytes.HasPrefix(state, []byte("Z"))
}
