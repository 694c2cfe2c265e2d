package capture

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// Bounds on what a capture makes the Reader keep.
//
// src: assumed (far above what a run of this project makes)
const (
	maxStreams = 4096
	maxPending = 1 << 20
)

var errTooManyStreams = errors.New("too many TCP streams")

// Message is one NetBIOS session message of a capture: an SMB, or a raw block.
type Message struct {
	At       time.Time // of the packet that completed it
	From, To netip.AddrPort
	Data     []byte
}

// Reader takes the messages out of a pcapng file.
type Reader struct {
	ng      *pcapgo.NgReader
	streams map[direction]*stream
	ready   []Message
	packets int // read so far
	damaged int
}

// direction names one half of a TCP connection.
type direction struct{ from, to netip.AddrPort }

// NewReader starts to read a pcapng file, of any link type that gopacket decodes.
func NewReader(r io.Reader) (*Reader, error) {
	ng, err := pcapgo.NewNgReader(r, pcapgo.DefaultNgReaderOptions)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF // an empty file is no capture
	}
	if err != nil {
		return nil, fmt.Errorf("not a pcapng file: %w", err)
	}
	return &Reader{ng: ng, streams: map[direction]*stream{}}, nil
}

// Next returns the next message, in the order in which they were completed, and
// io.EOF after the last one. Another error names the packet, counted from 1.
func (r *Reader) Next() (Message, error) {
	for len(r.ready) == 0 {
		data, info, err := r.ng.ReadPacketData()
		if errors.Is(err, io.EOF) {
			return Message{}, io.EOF
		}
		r.packets++
		if err == nil {
			err = r.packet(data, info.Timestamp)
		}
		if err != nil {
			return Message{}, fmt.Errorf("packet %d: %w", r.packets, err)
		}
	}
	m := r.ready[0]
	r.ready = r.ready[1:]
	return m, nil
}

// Damaged returns the number of halves of a TCP connection that were given up,
// because bytes are missing in them or they hold no session messages.
func (r *Reader) Damaged() int { return r.damaged }

// packet follows one packet's TCP stream; other packets are skipped.
func (r *Reader) packet(data []byte, at time.Time) error {
	options := gopacket.DecodeOptions{Lazy: true, NoCopy: true}
	p := gopacket.NewPacket(data, r.ng.LinkType(), options)
	tcp, ok := p.Layer(layers.LayerTypeTCP).(*layers.TCP)
	if !ok {
		return nil
	}
	d, ok := directionOf(p, tcp)
	if !ok {
		return nil
	}
	s, err := r.stream(d, tcp)
	if s == nil || err != nil {
		return err
	}
	for _, msg := range s.segment(tcp.Seq, tcp.Payload) {
		r.ready = append(r.ready, Message{At: at, From: d.from, To: d.to, Data: msg})
	}
	if s.lost && !s.counted {
		s.counted = true
		r.damaged++
	}
	return nil
}

func directionOf(p gopacket.Packet, tcp *layers.TCP) (direction, bool) {
	if p.NetworkLayer() == nil {
		return direction{}, false
	}
	src, dst := p.NetworkLayer().NetworkFlow().Endpoints()
	from, ok1 := netip.AddrFromSlice(src.Raw())
	to, ok2 := netip.AddrFromSlice(dst.Raw())
	return direction{
		netip.AddrPortFrom(from, uint16(tcp.SrcPort)), netip.AddrPortFrom(to, uint16(tcp.DstPort)),
	}, ok1 && ok2
}

// stream finds the segment's stream. A SYN starts it anew; a capture that began
// later starts it with the first segment that has data.
func (r *Reader) stream(d direction, tcp *layers.TCP) (*stream, error) {
	s := r.streams[d]
	if s != nil && !tcp.SYN || s == nil && !tcp.SYN && len(tcp.Payload) == 0 {
		return s, nil
	}
	if s == nil && len(r.streams) == maxStreams {
		return nil, errTooManyStreams
	}
	s = &stream{next: tcp.Seq}
	if tcp.SYN {
		s.next++
	}
	r.streams[d] = s
	return s, nil
}
