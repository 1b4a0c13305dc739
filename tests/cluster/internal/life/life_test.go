package life

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"
)

// endsWithin is far above a poll; it bounds a test that fails, not one that passes.
const endsWithin = 20 * time.Second

func TestEndsWhenThePipeOnItsInputCloses(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ctx, err := Until(0, reader)
	if err != nil {
		t.Fatal(err)
	}
	if ctx.Err() != nil {
		t.Fatalf("ended while the pipe was open: %v", context.Cause(ctx))
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	wantCause(t, ctx, ErrInput)
}

func TestEndsWhenTheParentIsGone(t *testing.T) {
	parent, hold := startParent(t)
	ctx := watching(t, parent.Process.Pid)
	if err := errors.Join(hold.Close(), parent.Wait()); err != nil {
		t.Fatal(err)
	}
	wantCause(t, ctx, ErrParent)
}

func TestEndsWhenTheParentHasEndedAndNobodyCollectsIt(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("this system has no /proc to tell it by")
	}
	parent, hold := startParent(t)
	ctx := watching(t, parent.Process.Pid)
	if err := hold.Close(); err != nil {
		t.Fatal(err)
	}
	wantCause(t, ctx, ErrParent)
	if err := parent.Wait(); err != nil {
		t.Fatal(err)
	}
}

// startParent starts a process that lives until the returned pipe is closed.
func startParent(t *testing.T) (*exec.Cmd, io.Closer) {
	t.Helper()
	parent := exec.Command("cat")
	hold, err := parent.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	return parent, hold
}

func watching(t *testing.T, pid int) context.Context {
	t.Helper()
	ctx, err := Until(pid, devNull(t))
	if err != nil {
		t.Fatal(err)
	}
	if ctx.Err() != nil {
		t.Fatalf("ended while the parent lived: %v", context.Cause(ctx))
	}
	return ctx
}

func TestTheNullDeviceIsNoCallerThatCouldHangUp(t *testing.T) {
	if isPipe(devNull(t)) {
		t.Error("the null device, at its end from the start, would end the cluster at once")
	}
}

func devNull(t *testing.T) *os.File {
	t.Helper()
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return file
}

func wantCause(t *testing.T, ctx context.Context, want error) {
	t.Helper()
	select {
	case <-ctx.Done():
	case <-time.After(endsWithin):
		t.Fatalf("still lives, want an end because %v", want)
	}
	if got := context.Cause(ctx); !errors.Is(got, want) {
		t.Errorf("ended because %v, want %v", got, want)
	}
}
