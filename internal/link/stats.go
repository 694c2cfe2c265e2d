package link

import "time"

// Stats counts what a link did.
type Stats struct {
	Up, Down    DirectionStats
	Connections int64         // established, seen from the client
	Retransmits int64         // segments sent again, both directions
	Timeouts    int64         // retransmission timeouts of data
	Aborts      int64         // connections given up after their retransmissions
	MeanRTT     time.Duration // of what TCP measured at both ends, 0 without a sample
	MeanT0      time.Duration // of the timeouts that were the first of a row, 0 without one
}

// DirectionStats counts the packets that were offered to one direction.
type DirectionStats struct {
	Packets int64
	Bytes   int64 // of packets with their headers, those that the queue dropped excepted
	// Segments counts data segments, repeated ones excepted.
	Segments                int64
	Lost, Dropped, Vanished int64
}
