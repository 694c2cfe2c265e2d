package samba

import (
	"encoding/binary"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

const testPort = 44450

// echo returns an SMB ECHO request whose ByteCount claims byteCount bytes, four
// of which follow.
func echo(byteCount uint16) []byte {
	msg := make([]byte, 32, 64)
	copy(msg, "\xffSMB\x2b")
	msg = append(msg, 1, 1, 0) // WordCount; EchoCount
	msg = binary.LittleEndian.AppendUint16(msg, byteCount)
	return append(msg, "ping"...)
}

// capture writes a pcap of one TCP segment a message, from a client to testPort.
func capture(t *testing.T, msgs ...[]byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "test.pcap")
	// The file header: magic, version 2.4, zone, accuracy, snapshot length, and
	// raw IP as the link type.
	file := []byte("\xd4\xc3\xb2\xa1\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x65\x00\x00\x00")
	seq := uint32(1)
	for _, m := range msgs {
		packet := segment(t, seq, append(binary.BigEndian.AppendUint32(nil, uint32(len(m))), m...))
		for _, v := range []uint32{seq, 0, uint32(len(packet)), uint32(len(packet))} { // time, lengths
			file = binary.LittleEndian.AppendUint32(file, v)
		}
		file = append(file, packet...)
		seq += uint32(len(m)) + 4
	}
	if err := os.WriteFile(name, file, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func segment(t *testing.T, seq uint32, payload []byte) []byte {
	t.Helper()
	ip := &layers.IPv4{
		Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP,
		SrcIP: net.IPv4(10, 0, 0, 1), DstIP: net.IPv4(10, 0, 0, 2),
	}
	tcp := &layers.TCP{SrcPort: 1025, DstPort: testPort, Seq: seq, ACK: true, Ack: 1, PSH: true, Window: 8760}
	if err := tcp.SetNetworkLayerForChecksum(ip); err != nil {
		t.Fatal(err)
	}
	buf := gopacket.NewSerializeBuffer()
	opt := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	if err := gopacket.SerializeLayers(buf, opt, ip, tcp, gopacket.Payload(payload)); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestMalformed(t *testing.T) {
	if bad := Malformed(t, capture(t, echo(4), echo(4)), testPort); len(bad) != 0 {
		t.Errorf("sound messages are called malformed: %q", bad)
	}
	bad := Malformed(t, capture(t, echo(4), echo(4000)), testPort)
	if len(bad) != 1 {
		t.Errorf("got %q, want one line for the second frame", bad)
	}
}

func TestOffends(t *testing.T) {
	tests := map[string]struct {
		frame []string
		want  bool
	}{
		"sound":                      {[]string{"1", "0x2e", "0", "1025", "", "", ""}, false},
		"a chat is no error":         {[]string{"1", "", "", "1025", "", "2097152", "Connection establish request"}, false},
		"malformed":                  {[]string{"1", "0x2e", "0", "1025", "Malformed Packet: SMB", "8388608", "Malformed Packet"}, true},
		"expert error":               {[]string{"1", "0x2e", "0", "1025", "", "2097152,8388608", "Chat,Error"}, true},
		"Samba's NEGOTIATE answer":   {[]string{"1", "0x72", "1", "44450", "BER Error", "8388608", "BER Error"}, false},
		"but not a client's request": {[]string{"1", "0x72", "0", "1025", "BER Error", "8388608", "BER Error"}, true},
		"Samba's interim response":   {[]string{"1", "0x1d", "0", "44450", "Malformed Packet: SMB", "8388608", "Malformed Packet"}, false},
		"but not a client's raw":     {[]string{"1", "0x1d", "0", "1025", "Malformed Packet: SMB", "8388608", "Malformed Packet"}, true},
		"nor a proper response":      {[]string{"1", "0x1d", "1", "44450", "Malformed Packet: SMB", "8388608", "Malformed Packet"}, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(offends(tt.frame, strconv.Itoa(testPort)), tt.want); diff != "" {
				t.Errorf("offends (-got +want):\n%s", diff)
			}
		})
	}
}
