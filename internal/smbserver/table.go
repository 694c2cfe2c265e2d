package smbserver

import (
	"maps"
	"slices"
)

// table is what a circuit has by the identifiers that it gave out.
type table[ID ~uint16, T any] struct {
	byID map[uint32]*T // by ID; Go has maps of their own for keys of this size
	last ID            // that was given out
}

// get returns nil for an identifier that is not in use.
func (t *table[ID, T]) get(id ID) *T { return t.byID[uint32(id)] }

func (t *table[ID, T]) len() int { return len(t.byID) }

// add gives out the identifier after the last one that is free, and is neither 0 nor
// 0xFFFF. The limits keep the tables far from full.
func (t *table[ID, T]) add(v *T) ID {
	if t.byID == nil {
		t.byID = map[uint32]*T{}
	}
	for {
		t.last++
		if t.get(t.last) == nil && t.last != 0 && t.last < 0xFFFE {
			t.byID[uint32(t.last)] = v
			return t.last
		}
	}
}

func (t *table[ID, T]) remove(id ID) { delete(t.byID, uint32(id)) }

// sorted returns all in the order of their identifiers.
func (t *table[ID, T]) sorted() []*T {
	list := make([]*T, 0, len(t.byID))
	for _, id := range slices.Sorted(maps.Keys(t.byID)) {
		list = append(list, t.byID[id])
	}
	return list
}
