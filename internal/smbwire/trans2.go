package smbwire

import "time"

// Trans2 subcommands, the first setup word.
//
// src: [MS-CIFS] §2.2.6
const (
	Trans2Open            = 0x0000
	Trans2FindFirst2      = 0x0001
	Trans2FindNext2       = 0x0002
	Trans2QueryFS         = 0x0003
	Trans2QueryPath       = 0x0005
	Trans2SetPath         = 0x0006
	Trans2QueryFile       = 0x0007
	Trans2SetFile         = 0x0008
	Trans2CreateDirectory = 0x000D
	Trans2GetDFSReferral  = 0x0010
)

// transAlign is what parameters and data of a transaction are aligned to.
//
// src: [MS-CIFS] §2.2.4.46.1 (Pad1, Pad2)
const transAlign = 4

// Transaction2Request carries a subcommand. Params and Data alias the message.
// The Name of the wire format has no meaning in TRANSACTION2 and is left out.
//
// src: [MS-CIFS] §2.2.4.46.1
type Transaction2Request struct {
	TotalParams uint16 // more than len(Params): secondary requests follow
	TotalData   uint16
	MaxParams   uint16 // most bytes of parameters, data and setup in the response
	MaxData     uint16
	MaxSetup    uint8
	Flags       uint16
	Timeout     time.Duration // whole milliseconds; negative: for ever
	Setup       []uint16
	Params      []byte
	Data        []byte
}

// Command returns CmdTransaction2.
func (*Transaction2Request) Command() Command { return CmdTransaction2 }

// Subcommand returns the first setup word, or 0xFFFF when there is none.
func (r *Transaction2Request) Subcommand() uint16 {
	if len(r.Setup) == 0 {
		return 0xFFFF
	}
	return r.Setup[0]
}

// set makes r a request with everything in one message.
func (r *Transaction2Request) set(sub uint16, params, data []byte) {
	r.Setup, r.Params, r.Data = []uint16{sub}, params, data
	r.TotalParams, r.TotalData = uint16(len(params)), uint16(len(data))
}

func (r *Transaction2Request) encode(e *encoder) {
	e.u16(r.TotalParams)
	e.u16(r.TotalData)
	e.u16(r.MaxParams)
	e.u16(r.MaxData)
	e.u8(r.MaxSetup)
	e.u8(0) // reserved
	e.u16(r.Flags)
	e.timeout32(r.Timeout)
	e.u16(0) // reserved
	e.count16("ParameterCount", len(r.Params))
	paramPos := e.hole16()
	e.count16("DataCount", len(r.Data))
	dataPos := e.hole16()
	e.setup(r.Setup)
	e.bytes()
	e.u8(0) // name
	e.transBlob("ParameterOffset", r.Params, paramPos)
	e.transBlob("DataOffset", r.Data, dataPos)
}

func (r *Transaction2Request) decode(d *decoder) {
	r.TotalParams = d.u16("TotalParameterCount")
	r.TotalData = d.u16("TotalDataCount")
	r.MaxParams = d.u16("MaxParameterCount")
	r.MaxData = d.u16("MaxDataCount")
	r.MaxSetup = d.u8("MaxSetupCount")
	d.skip("Reserved1", 1)
	r.Flags = d.u16("Flags")
	r.Timeout = d.timeout32()
	d.skip("Reserved2", 2)
	params, paramOff := int(d.u16("ParameterCount")), int(d.u16("ParameterOffset"))
	data, dataOff := int(d.u16("DataCount")), int(d.u16("DataOffset"))
	r.Setup = d.setup()
	d.bytes()
	r.Params = d.at("ParameterOffset", paramOff, params)
	r.Data = d.at("DataOffset", dataOff, data)
}

// Transaction2Response carries all of a response, or a part of it, which the
// displacements place. Params and Data alias the message.
//
// src: [MS-CIFS] §2.2.4.46.2
type Transaction2Response struct {
	TotalParams       uint16
	TotalData         uint16
	ParamDisplacement uint16
	DataDisplacement  uint16
	Setup             []uint16
	Params            []byte
	Data              []byte
}

// Command returns CmdTransaction2.
func (*Transaction2Response) Command() Command { return CmdTransaction2 }

// Complete reports whether r is the whole response.
func (r *Transaction2Response) Complete() bool {
	return len(r.Params) == int(r.TotalParams) && len(r.Data) == int(r.TotalData)
}

// set makes r a response with everything in one message.
func (r *Transaction2Response) set(params, data []byte) {
	r.Params, r.Data = params, data
	r.TotalParams, r.TotalData = uint16(len(params)), uint16(len(data))
}

func (r *Transaction2Response) encode(e *encoder) {
	e.u16(r.TotalParams)
	e.u16(r.TotalData)
	e.u16(0) // reserved
	e.count16("ParameterCount", len(r.Params))
	paramPos := e.hole16()
	e.u16(r.ParamDisplacement)
	e.count16("DataCount", len(r.Data))
	dataPos := e.hole16()
	e.u16(r.DataDisplacement)
	e.setup(r.Setup)
	e.bytes()
	e.transBlob("ParameterOffset", r.Params, paramPos)
	if len(r.Data) > 0 {
		e.transBlob("DataOffset", r.Data, dataPos)
	}
}

func (r *Transaction2Response) decode(d *decoder) {
	r.TotalParams = d.u16("TotalParameterCount")
	r.TotalData = d.u16("TotalDataCount")
	d.skip("Reserved1", 2)
	params, paramOff := int(d.u16("ParameterCount")), int(d.u16("ParameterOffset"))
	r.ParamDisplacement = d.u16("ParameterDisplacement")
	data, dataOff := int(d.u16("DataCount")), int(d.u16("DataOffset"))
	r.DataDisplacement = d.u16("DataDisplacement")
	r.Setup = d.setup()
	d.bytes()
	r.Params = d.at("ParameterOffset", paramOff, params)
	r.Data = d.at("DataOffset", dataOff, data)
}

// transBlob writes parameters or data on their alignment; even nothing has an
// offset, the one where it would be.
func (e *encoder) transBlob(field string, b []byte, offsetPos int) {
	e.align(transAlign)
	e.put16(field, offsetPos, e.pos())
	e.blob(b)
}

func (e *encoder) setup(words []uint16) {
	e.count8("SetupCount", len(words))
	e.u8(0) // reserved
	e.words16(words)
}

func (d *decoder) setup() []uint16 {
	n := int(d.u8("SetupCount"))
	d.skip("Reserved3", 1)
	return d.words16(n)
}
