package smb1client

import (
	"io"

	"github.com/ntrdr/ntrdr/internal/link"
	"github.com/ntrdr/ntrdr/internal/rt"
)

// pipeEnd is one end of a transport in memory, without delay and without limit.
type pipeEnd struct {
	mu     rt.Mutex
	wake   rt.Event // Synchronization: one task receives
	queue  [][]byte
	closed bool // this end
	ended  bool // the other end
	peer   *pipeEnd
}

func newPipe(r rt.Runtime) (a, b *pipeEnd) {
	a = &pipeEnd{mu: r.NewMutex(), wake: r.NewEvent(rt.Synchronization)}
	b = &pipeEnd{mu: r.NewMutex(), wake: r.NewEvent(rt.Synchronization), peer: a}
	a.peer = b
	return a, b
}

func (p *pipeEnd) Send(msg []byte) error {
	p.mu.Lock()
	closed := p.closed
	p.mu.Unlock()
	if closed {
		return link.ErrClosed
	}
	p.peer.mu.Lock()
	p.peer.queue = append(p.peer.queue, append([]byte{}, msg...))
	p.peer.mu.Unlock()
	p.peer.wake.Set()
	return nil
}

func (p *pipeEnd) Recv() ([]byte, error) {
	for {
		msg, err := p.take()
		if msg != nil || err != nil {
			return msg, err
		}
		p.wake.Wait(rt.Forever)
	}
}

func (p *pipeEnd) take() ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return nil, link.ErrClosed
	case len(p.queue) > 0:
		msg := p.queue[0]
		p.queue = p.queue[1:]
		return msg, nil
	case p.ended:
		return nil, io.EOF
	}
	return nil, nil
}

func (p *pipeEnd) Close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.peer.mu.Lock()
	p.peer.ended = true
	p.peer.mu.Unlock()
	p.wake.Set()
	p.peer.wake.Set()
	return nil
}

func (p *pipeEnd) LinkSpeed() int64 { return 0 }
