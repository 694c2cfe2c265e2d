package capture

import (
	"fmt"
	"io"
	"net/netip"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// Port is the TCP port of the NetBIOS session service.
//
// src: RFC 1002 §4.3 (139)
const Port = 139

// Clock tells the time of the world that is captured; an rt.Runtime is one.
type Clock interface{ Now() time.Time }

// Locker is the little that a Writer needs to be shared between tasks; an rt.Mutex
// is one.
type Locker interface {
	Lock()
	Unlock()
}

// Writer writes one pcapng file, which may hold many connections.
type Writer struct {
	clock Clock
	lock  Locker
	ng    *pcapgo.NgWriter
	buf   gopacket.SerializeBuffer
	frame []byte // scratch: a message behind its session header
	conns uint32
	err   error // the first one; nothing is written after it
}

// NewWriter starts a file on w. Everything that the machine or the program's
// version could change is kept out of it: two captures of the same simulated run
// are the same bytes. A nil lock means that one task runs at a time.
func NewWriter(w io.Writer, clock Clock, lock Locker) (*Writer, error) {
	ethernet := pcapgo.NgInterface{
		Name: "ntrdr", LinkType: layers.LinkTypeEthernet, TimestampResolution: 9, // nanoseconds
	}
	options := pcapgo.NgWriterOptions{SectionInfo: pcapgo.NgSectionInfo{Application: "ntrdr"}}
	ng, err := pcapgo.NewNgWriterInterface(w, ethernet, options)
	if err != nil {
		return nil, fmt.Errorf("start capture: %w", err)
	}
	if lock == nil {
		lock = noLock{}
	}
	return &Writer{clock: clock, lock: lock, ng: ng, buf: gopacket.NewSerializeBuffer()}, nil
}

type noLock struct{}

func (noLock) Lock()   {}
func (noLock) Unlock() {}

// Close writes out what is buffered and returns the first error of the capture. It
// does not close the underlying writer.
func (w *Writer) Close() error {
	w.lock.Lock()
	defer w.lock.Unlock()
	if err := w.ng.Flush(); w.err == nil && err != nil {
		w.err = fmt.Errorf("write capture: %w", err)
	}
	return w.err
}

// Conn writes the handshake of a new connection and returns the sink for its
// messages, as they are seen at the client. A client port of 0 lets the Writer
// choose one that it has not used. Addresses that are not IPv4 are an error.
func (w *Writer) Conn(client, server netip.AddrPort) (*Conn, error) {
	w.lock.Lock()
	defer w.lock.Unlock()
	client, server = unmap(client), unmap(server)
	if !client.Addr().Is4() || !server.Addr().Is4() {
		return nil, fmt.Errorf("capture %v to %v: not IPv4 addresses", client, server)
	}
	if client.Port() == 0 {
		client = netip.AddrPortFrom(client.Addr(), w.nextPort())
	}
	c := newConn(w, w.conns, client, server)
	w.conns++
	c.handshake()
	return c, nil
}

// nextPort walks through the ports that NT gives to connecting sockets.
//
// src: KB Q196271 (MaxUserPort: 1024 to 5000)
func (w *Writer) nextPort() uint16 {
	const first, count = 1025, 5000 - 1025 + 1
	return uint16(first + w.conns%count)
}

func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// write appends one packet to the file.
func (w *Writer) write(stack ...gopacket.SerializableLayer) {
	if w.err != nil {
		return
	}
	options := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	err := gopacket.SerializeLayers(w.buf, options, stack...)
	if err == nil {
		packet := w.buf.Bytes()
		info := gopacket.CaptureInfo{Timestamp: w.clock.Now(), CaptureLength: len(packet), Length: len(packet)}
		err = w.ng.WritePacket(info, packet)
	}
	if err != nil {
		w.err = fmt.Errorf("write capture: %w", err)
	}
}
