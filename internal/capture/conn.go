package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/ntrdr/ntrdr/internal/link"
)

// What the made-up TCP of a capture looks like.
const (
	// src: RFC 894 (Ethernet's 1500 bytes less 40 of headers)
	mss = 1460
	// src: KB Q140552 (six segments)
	window = 8760
	// src: RFC 1122 §4.2.3.2 (an ACK for every second segment)
	ackEvery = 2
	// src: assumed (the default time to live of NT 3.5x is not published)
	ttl = 32
	// Initial sequence numbers of client and server; 65536 a connection more.
	// src: assumed (any will do; these are easy to tell apart)
	clientISN, serverISN = 1_000_000, 2_000_000
)

var errTooLong = errors.New("message is longer than a NetBIOS session message can be")

// Conn is one connection in a capture: a link.Sink at the client's end.
type Conn struct {
	w              *Writer
	client, server host
	ended          bool
}

// host is one end of the connection.
type host struct {
	addr     netip.AddrPort
	mac      []byte
	seq      uint32 // of the next byte that it sends
	packetID uint16
	unacked  int // segments that it has received and not acknowledged
}

func newConn(w *Writer, n uint32, client, server netip.AddrPort) *Conn {
	return &Conn{
		w:      w,
		client: host{addr: client, mac: macOf(client.Addr()), seq: clientISN + n<<16},
		server: host{addr: server, mac: macOf(server.Addr()), seq: serverISN + n<<16},
	}
}

// macOf makes a locally administered address out of an IP address.
func macOf(a netip.Addr) []byte {
	ip := a.As4()
	return append([]byte{0x02, 0x00}, ip[:]...)
}

// Message writes one SMB message, or a raw block, in segments with the peer's
// acknowledgements between them. It implements link.Sink.
func (c *Conn) Message(dir link.Direction, msg []byte) {
	c.w.lock.Lock()
	defer c.w.lock.Unlock()
	if c.ended || c.w.err != nil {
		return
	}
	if len(msg) > link.MaxMessage {
		c.w.err = fmt.Errorf("write capture: %w: %d bytes", errTooLong, len(msg))
		return
	}
	from, to := c.ends(dir)
	c.w.frame = append(appendSessionHeader(c.w.frame[:0], len(msg)), msg...)
	for rest := c.w.frame; len(rest) > 0; {
		n := min(len(rest), mss)
		c.segment(from, to, layers.TCP{ACK: true, PSH: n == len(rest)}, rest[:n])
		rest = rest[n:]
	}
}

// appendSessionHeader appends a SESSION MESSAGE header: a type of 0, then a length
// of 17 bits.
//
// src: RFC 1002 §4.3.1
func appendSessionHeader(b []byte, n int) []byte {
	return binary.BigEndian.AppendUint32(b, uint32(n))
}

// ends returns sender and receiver.
func (c *Conn) ends(dir link.Direction) (from, to *host) {
	if dir == link.Sent {
		return &c.client, &c.server
	}
	return &c.server, &c.client
}

func (c *Conn) handshake() {
	c.segment(&c.client, &c.server, layers.TCP{SYN: true}, nil)
	c.segment(&c.server, &c.client, layers.TCP{SYN: true, ACK: true}, nil)
	c.segment(&c.client, &c.server, layers.TCP{ACK: true}, nil)
}

// Close writes the end of a connection that the client closes; messages after it
// are not written.
func (c *Conn) Close() { c.finish(link.Sent) }

// finish writes an orderly end, begun by the given side.
func (c *Conn) finish(dir link.Direction) {
	c.w.lock.Lock()
	defer c.w.lock.Unlock()
	if c.ended {
		return
	}
	c.ended = true
	first, second := c.ends(dir)
	c.segment(first, second, layers.TCP{FIN: true, ACK: true}, nil)
	c.segment(second, first, layers.TCP{FIN: true, ACK: true}, nil)
	c.segment(first, second, layers.TCP{ACK: true}, nil)
}

// Reset writes a RST by the given side; messages after it are not written.
func (c *Conn) Reset(dir link.Direction) {
	c.w.lock.Lock()
	defer c.w.lock.Unlock()
	if c.ended {
		return
	}
	c.ended = true
	from, to := c.ends(dir)
	c.segment(from, to, layers.TCP{RST: true, ACK: true}, nil)
}

// segment writes one segment and, when it is due, the receiver's acknowledgement.
func (c *Conn) segment(from, to *host, tcp layers.TCP, payload []byte) {
	tcp.SrcPort, tcp.DstPort = layers.TCPPort(from.addr.Port()), layers.TCPPort(to.addr.Port())
	tcp.Seq, tcp.Window = from.seq, window
	if tcp.ACK {
		tcp.Ack = to.seq
		from.unacked = 0
	}
	from.seq += uint32(len(payload))
	if tcp.SYN {
		tcp.Options = []layers.TCPOption{{
			OptionType: layers.TCPOptionKindMSS, OptionLength: 4,
			OptionData: binary.BigEndian.AppendUint16(nil, mss),
		}}
	}
	if tcp.SYN || tcp.FIN {
		from.seq++
	}
	c.packet(from, to, &tcp, payload)
	if len(payload) == 0 {
		return
	}
	if to.unacked++; to.unacked == ackEvery {
		c.segment(to, from, layers.TCP{ACK: true}, nil)
	}
}

func (c *Conn) packet(from, to *host, tcp *layers.TCP, payload []byte) {
	ethernet := &layers.Ethernet{SrcMAC: from.mac, DstMAC: to.mac, EthernetType: layers.EthernetTypeIPv4}
	ip := &layers.IPv4{
		Version: 4, TTL: ttl, Protocol: layers.IPProtocolTCP, Id: from.packetID, Flags: layers.IPv4DontFragment,
		SrcIP: from.addr.Addr().AsSlice(), DstIP: to.addr.Addr().AsSlice(),
	}
	from.packetID++
	if err := tcp.SetNetworkLayerForChecksum(ip); err != nil && c.w.err == nil {
		c.w.err = fmt.Errorf("write capture: %w", err)
	}
	c.w.write(ethernet, ip, tcp, gopacket.Payload(payload))
}
