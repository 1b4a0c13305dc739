package main

import "syscall"

// endsWithParent lets the kernel kill a program whose starter was killed and could not stop it.
func endsWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
