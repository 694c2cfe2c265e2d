package smbserver

import "slices"

// table holds what has an identifier, in the order of these. Most are short, and most
// identifiers higher than those that are there, so it is a slice.
type table[ID ~uint16 | ~uint64, T any] struct {
	entries []entry[ID, T]
	last    ID // that assign gave out
}

type entry[ID ~uint16 | ~uint64, T any] struct {
	id ID
	v  *T
}

// usualTable is how many entries a table has room for at first.
//
// src: assumed (a sender of mail has some six files open)
const usualTable = 8

// search returns where an identifier is, or would be.
func (t *table[ID, T]) search(id ID) (at int, found bool) {
	end := len(t.entries)
	for at < end {
		if mid := (at + end) / 2; t.entries[mid].id < id {
			at = mid + 1
		} else {
			end = mid
		}
	}
	return at, at < len(t.entries) && t.entries[at].id == id
}

// get returns nil for an identifier that is not in use.
func (t *table[ID, T]) get(id ID) *T {
	if at, found := t.search(id); found {
		return t.entries[at].v
	}
	return nil
}

func (t *table[ID, T]) len() int { return len(t.entries) }

// put adds v under an identifier that is not in use.
func (t *table[ID, T]) put(id ID, v *T) {
	if t.entries == nil {
		t.entries = make([]entry[ID, T], 0, usualTable)
	}
	at, _ := t.search(id)
	t.entries = slices.Insert(t.entries, at, entry[ID, T]{id, v})
}

func (t *table[ID, T]) remove(id ID) {
	if at, found := t.search(id); found {
		t.entries = slices.Delete(t.entries, at, at+1)
	}
}

// all returns a copy of what there is now.
func (t *table[ID, T]) all() []*T {
	list := make([]*T, len(t.entries))
	for i, e := range t.entries {
		list[i] = e.v
	}
	return list
}

// assign adds v under the identifier after the last one that is free, and is neither 0 nor
// 0xFFFF. The limits keep the tables far from full.
func assign[ID ~uint16, T any](t *table[ID, T], v *T) ID {
	for {
		t.last++
		if _, taken := t.search(t.last); !taken && t.last != 0 && t.last < 0xFFFE {
			t.put(t.last, v)
			return t.last
		}
	}
}
