package nt

// Limits are what a connection can carry, as negotiated. Sizes are in bytes.
type Limits struct {
	Dialect       string
	MaxBufferSize int   // the smaller of what server and client announced
	MaxRead       int   // data bytes of one core read
	MaxWrite      int   // data bytes of one core write
	MaxMpx        int   // requests that may be outstanding at once
	MaxRaw        int   // 0: raw mode is not offered
	LinkSpeed     int64 // bytes a second, 0 unknown
}

// CircuitHandler is told, on a task of its own, what a virtual circuit reports
// unasked. Handlers may block and may use the circuit.
type CircuitHandler interface {
	// OnBreak: the server breaks the oplock on h down to level to.
	OnBreak(h FileHandle, to OplockLevel)
	// OnCircuitLost is called once, after every waiter of the circuit has been
	// given err. The circuit's handles are dead.
	OnCircuitLost(err error)
}
