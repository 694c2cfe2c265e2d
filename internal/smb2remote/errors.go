package smb2remote

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/hirochachacha/go-smb2"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// do runs one operation within the timeout and gives its error an operation, a
// path and a status. At the timeout it closes the connection, which wakes the
// operation.
func (s *FS) do(op, path string, f func() error) error {
	return s.move(op, path, 0, f)
}

// move is do for an operation that moves n bytes of a file.
func (s *FS) move(op, path string, n int, f func() error) error {
	t := time.AfterFunc(s.timeoutOf(n), func() {
		s.timedOut.Store(true)
		s.Cut() // the operation reports the timeout
	})
	defer t.Stop()
	err := guarded(f)
	if err == nil {
		return nil
	}
	status := statusOf(err)
	if s.timedOut.Load() {
		status = nt.StatusIOTimeout
	}
	return &nt.Error{Op: op, Path: path, Status: status, Err: cause(err)}
}

// timeoutOf is the time of an operation that moves n bytes.
func (s *FS) timeoutOf(n int) time.Duration {
	if s.rate <= 0 {
		return s.timeout
	}
	return s.timeout + time.Duration(float64(n)/float64(s.rate)*float64(time.Second))
}

// guarded runs f and turns a panic into an error: go-smb2 trusts offsets in what
// a server sends.
func guarded(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &smb2.InvalidResponseError{Message: fmt.Sprint(r)}
		}
	}()
	return f()
}

// statusOf returns the NTSTATUS of an error of go-smb2, which keeps some of the
// server's statuses and turns others into errors of package os.
func statusOf(err error) nt.Status {
	if st, ok := errors.AsType[nt.Status](err); ok {
		return st
	}
	if re, ok := errors.AsType[*smb2.ResponseError](err); ok {
		return nt.Status(re.Code)
	}
	for _, m := range osErrors() {
		if errors.Is(err, m.err) {
			return m.status
		}
	}
	if _, ok := errors.AsType[*smb2.TransportError](err); ok {
		return nt.StatusConnectionDisconnected
	}
	if _, ok := errors.AsType[*smb2.InvalidResponseError](err); ok {
		return nt.StatusInvalidNetworkResponse
	}
	if _, ok := errors.AsType[*smb2.ContextError](err); ok {
		return nt.StatusConnectionDisconnected
	}
	return nt.StatusUnsuccessful
}

type osError struct {
	err    error
	status nt.Status
}

// osErrors are what go-smb2 and package net turn statuses and failures into.
func osErrors() []osError {
	return []osError{
		{os.ErrNotExist, nt.StatusObjectNameNotFound},
		{os.ErrExist, nt.StatusObjectNameCollision},
		{os.ErrPermission, nt.StatusAccessDenied},
		{os.ErrInvalid, nt.StatusInvalidParameter},
		{net.ErrClosed, nt.StatusConnectionDisconnected},
		{os.ErrClosed, nt.StatusFileClosed},
	}
}

// cause drops the layers that nt.Error repeats: the operation and path of
// package os, and a bare status.
func cause(err error) error {
	if pe, ok := errors.AsType[*os.PathError](err); ok {
		err = pe.Err
	} else if le, ok := errors.AsType[*os.LinkError](err); ok {
		err = le.Err
	}
	if _, ok := errors.AsType[nt.Status](err); ok {
		return nil
	}
	return err
}

func dialStatus(err error) nt.Status {
	if st, ok := errors.AsType[nt.Status](err); ok {
		return st
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return nt.StatusConnectionRefused
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nt.StatusIOTimeout
	}
	return nt.StatusBadNetworkPath
}

// closeConn closes a connection that go-smb2 may have closed already.
func closeConn(c net.Conn) error {
	if err := c.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}
