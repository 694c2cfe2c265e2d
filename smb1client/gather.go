package smb1client

import (
	"fmt"

	"github.com/ntrdr/ntrdr/internal/smbwire"
)

// maxTransaction is the most data that a transaction is asked for, in bytes. The wire
// format bounds what a peer can announce to 65535.
//
// src: Windows NT Resource Kit (LowerSearchBufferSize 16 KB)
const maxTransaction = 16384

// maxTransParams is the most parameter bytes of a TRANSACTION2 reply used here.
//
// src: [MS-CIFS] §2.2.6.2.2 (FIND_FIRST2)
const maxTransParams = 10

// gathering puts the parts of a TRANSACTION2 reply together.
type gathering struct {
	params, data []byte
}

// add takes one part. It returns the whole reply once that is there and nil before. A
// part must continue where the last one ended and bring something, so that a peer can
// neither leave holes nor go on for ever.
//
// src: [MS-CIFS] §2.2.4.46.2
func (g *gathering) add(m *smbwire.Message) (*smbwire.Message, error) {
	r, ok := m.Chain[0].(*smbwire.Transaction2Response)
	if !ok || len(g.params) == 0 && len(g.data) == 0 && r.Complete() {
		return m, nil
	}
	if len(r.Params) > 0 && int(r.ParamDisplacement) != len(g.params) ||
		len(r.Data) > 0 && int(r.DataDisplacement) != len(g.data) || len(r.Params)+len(r.Data) == 0 {
		return nil, fmt.Errorf("part of a transaction at %d and %d, not at %d and %d",
			r.ParamDisplacement, r.DataDisplacement, len(g.params), len(g.data))
	}
	g.params, g.data = append(g.params, r.Params...), append(g.data, r.Data...)
	switch p, d := int(r.TotalParams), int(r.TotalData); {
	case len(g.params) > p || len(g.data) > d:
		return nil, fmt.Errorf("transaction of more than the %d and %d bytes announced", p, d)
	case len(g.params) < p || len(g.data) < d:
		return nil, nil
	}
	whole := *r
	whole.Params, whole.Data = g.params, g.data
	whole.ParamDisplacement, whole.DataDisplacement = 0, 0
	return &smbwire.Message{Header: m.Header, Chain: []smbwire.Body{&whole}}, nil
}

// expectedData is how many bytes the reply of m may bring beyond its header.
//
// src: KB Q102067 (SMB size plus data sent or expected)
func expectedData(m *smbwire.Message) int {
	n := 0
	for _, b := range m.Chain {
		switch r := b.(type) {
		case *smbwire.ReadAndXRequest:
			n += r.Count()
		case *smbwire.ReadRawRequest:
			n += int(r.MaxCount)
		case *smbwire.LockAndReadRequest:
			n += int(r.Count)
		case *smbwire.Transaction2Request:
			n += int(r.MaxParams) + int(r.MaxData)
		case *smbwire.EchoRequest:
			n += len(r.Data)
		}
	}
	return n
}
