package link

// Way is a direction of a link.
type Way uint8

// The ways of a link.
const (
	Up   Way = iota // from client to server
	Down            // from server to client
)

// String names the way.
func (w Way) String() string {
	if w == Up {
		return "up"
	}
	return "down"
}

// Fate is what becomes of a packet.
type Fate uint8

// The fates of a packet.
const (
	Arrives  Fate = iota
	Lost          // at random
	Dropped       // by the full queue
	Vanished      // in an outage
)

// String names the fate.
func (f Fate) String() string {
	return [...]string{"arrives", "lost", "dropped", "vanished"}[f]
}
