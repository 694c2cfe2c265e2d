package smbwire

import "math"

// NTTransactNotifyChange is the Function of the one NT_TRANSACT subcommand that has
// structs here.
//
// src: [MS-CIFS] §2.2.7.4
const NTTransactNotifyChange = 0x0004

// NTTransactRequest carries a subcommand of NT_TRANSACT. Params and Data alias the
// message.
//
// src: [MS-CIFS] §2.2.4.62.1
type NTTransactRequest struct {
	MaxSetup    uint8
	TotalParams uint32 // more than len(Params): secondary requests follow
	TotalData   uint32
	MaxParams   uint32 // most bytes of parameters and data in the response
	MaxData     uint32
	Function    uint16
	Setup       []uint16
	Params      []byte
	Data        []byte
}

// Command returns CmdNTTransact.
func (*NTTransactRequest) Command() Command { return CmdNTTransact }

func (r *NTTransactRequest) encode(e *encoder) {
	e.u8(r.MaxSetup)
	e.u16(0) // reserved
	e.u32(r.TotalParams)
	e.u32(r.TotalData)
	e.u32(r.MaxParams)
	e.u32(r.MaxData)
	paramPos := e.extent32(r.Params)
	dataPos := e.extent32(r.Data)
	e.count8("SetupCount", len(r.Setup))
	e.u16(r.Function)
	e.words16(r.Setup)
	e.bytes()
	e.blob32(r.Params, paramPos)
	e.blob32(r.Data, dataPos)
}

func (r *NTTransactRequest) decode(d *decoder) {
	r.MaxSetup = d.u8("MaxSetupCount")
	d.skip("Reserved1", 2)
	r.TotalParams = d.u32("TotalParameterCount")
	r.TotalData = d.u32("TotalDataCount")
	r.MaxParams = d.u32("MaxParameterCount")
	r.MaxData = d.u32("MaxDataCount")
	params := d.extent32("ParameterCount")
	data := d.extent32("DataCount")
	n := int(d.u8("SetupCount"))
	r.Function = d.u16("Function")
	r.Setup = d.words16(n)
	d.bytes()
	r.Params = d.in("ParameterOffset", params)
	r.Data = d.in("DataOffset", data)
}

// NTTransactResponse carries all of a response, or a part of it, which the
// displacements place. Params and Data alias the message.
//
// src: [MS-CIFS] §2.2.4.62.2
type NTTransactResponse struct {
	TotalParams       uint32
	TotalData         uint32
	ParamDisplacement uint32
	DataDisplacement  uint32
	Setup             []uint16
	Params            []byte
	Data              []byte
}

// Command returns CmdNTTransact.
func (*NTTransactResponse) Command() Command { return CmdNTTransact }

// Complete reports whether r is the whole response.
func (r *NTTransactResponse) Complete() bool {
	return len(r.Params) == int(r.TotalParams) && len(r.Data) == int(r.TotalData)
}

func (r *NTTransactResponse) encode(e *encoder) {
	e.zeros(3) // reserved
	e.u32(r.TotalParams)
	e.u32(r.TotalData)
	paramPos := e.extent32(r.Params)
	e.u32(r.ParamDisplacement)
	dataPos := e.extent32(r.Data)
	e.u32(r.DataDisplacement)
	e.count8("SetupCount", len(r.Setup))
	e.words16(r.Setup)
	e.bytes()
	e.blob32(r.Params, paramPos)
	e.blob32(r.Data, dataPos)
}

func (r *NTTransactResponse) decode(d *decoder) {
	d.skip("Reserved1", 3)
	r.TotalParams = d.u32("TotalParameterCount")
	r.TotalData = d.u32("TotalDataCount")
	params := d.extent32("ParameterCount")
	r.ParamDisplacement = d.u32("ParameterDisplacement")
	data := d.extent32("DataCount")
	r.DataDisplacement = d.u32("DataDisplacement")
	r.Setup = d.words16(int(d.u8("SetupCount")))
	d.bytes()
	r.Params = d.in("ParameterOffset", params)
	r.Data = d.in("DataOffset", data)
}

// extent is where parameters or data lie in the message.
type extent struct{ count, off int }

// extent32 writes the count of b and leaves room for its offset.
func (e *encoder) extent32(b []byte) (offsetPos int) {
	e.count32("Count", int64(len(b)))
	e.u32(0)
	return len(e.buf) - 4
}

func (d *decoder) extent32(field string) extent {
	n, off := d.u32(field), d.u32(field)
	if n > math.MaxInt32 || off > math.MaxInt32 {
		d.fail(field, "outside the message")
		return extent{}
	}
	return extent{int(n), int(off)}
}

// blob32 writes parameters or data on their alignment.
func (e *encoder) blob32(b []byte, offsetPos int) {
	if len(b) == 0 {
		return
	}
	e.align(transAlign)
	e.patch32(offsetPos, uint32(e.pos()))
	e.blob(b)
}

func (d *decoder) in(field string, x extent) []byte { return d.at(field, x.off, x.count) }

func (e *encoder) words16(words []uint16) {
	for _, w := range words {
		e.u16(w)
	}
}

// words16 reads the n words that end the section.
func (d *decoder) words16(n int) []uint16 {
	if d.err == nil && 2*n != d.remaining() {
		d.fail("SetupCount", "does not match WordCount")
	}
	if d.err != nil || n == 0 {
		return nil
	}
	words := make([]uint16, n)
	for i := range words {
		words[i] = d.u16("Setup")
	}
	return words
}
