package mailclient

import (
	"encoding/binary"
	"fmt"
)

// Sizes of the files of groups.
//
// src: KB Q77926 (51 bytes a record behind 4; 4 bytes a member, at most 2000)
const (
	groupHead   = 4
	groupRecord = 51
	memRecord   = 4
	maxMembers  = 2000
)

// GroupConfig is a group of local users: mail to its name goes to each member.
type GroupConfig struct {
	Name    string
	Members []string // mailboxes
}

// memPath names the file with a group's members.
//
// src: KB Q77926, Q117895
func memPath(id ID) string { return `MEM\` + id.String() + `.MEM` }

// encodeGroups returns GROUP.GLB: a count and one record a group.
//
// src: KB Q77926 (sizes); assumed (fields)
func encodeGroups(groups []Mailbag) []byte {
	b := make([]byte, groupHead+len(groups)*groupRecord)
	binary.LittleEndian.PutUint32(b, uint32(len(groups)))
	for i, g := range groups {
		r := b[groupHead+i*groupRecord:]
		copy(r[:maxName], g.Name)
		copy(r[nameField:], g.ID.String())
	}
	return b
}

func parseGroups(b []byte) ([]Mailbag, error) {
	n := max(len(b)-groupHead, 0) / groupRecord
	if len(b) != groupHead+n*groupRecord || n > maxDirectory {
		return nil, sizeError(groupPath, len(b), groupHead+min(n, maxDirectory)*groupRecord)
	}
	if count := binary.LittleEndian.Uint32(b); int64(count) != int64(n) {
		return nil, &FormatError{groupPath, "count", 0, ReasonField, fmt.Sprintf("%d, file has %d", count, n)}
	}
	f := fields{file: groupPath, b: b}
	var groups []Mailbag
	for off := groupHead; off < len(b); off += groupRecord {
		groups = append(groups, Mailbag{Name: f.name("group", off), ID: f.id("members", off+nameField)})
		f.zeros(off+nameField+idLen, off+groupRecord)
	}
	return groups, f.err
}

// encodeMembers returns a MEM file: the number of each member's mailbag.
//
// src: KB Q77926, Q117895
func encodeMembers(members []ID) []byte {
	var b []byte
	for _, id := range members {
		b = append(b, encodeID(id)...)
	}
	return b
}

// parseMembers reads the MEM file called file. An empty one is a group whose members
// are all elsewhere.
//
// src: KB Q117895
func parseMembers(file string, b []byte) ([]ID, error) {
	if len(b)%memRecord != 0 || len(b) > maxMembers*memRecord {
		return nil, sizeError(file, len(b), min(len(b)/memRecord, maxMembers)*memRecord)
	}
	var members []ID
	for off := 0; off < len(b); off += memRecord {
		members = append(members, decodeID(b[off:]))
	}
	return members, nil
}

// readGroups reads GROUP.GLB; a postoffice without the file has no groups.
func readGroups(fs FS) ([]Mailbag, error) {
	groups, err := parseFile(fs, groupPath, parseGroups)
	if isMissing(err) {
		return nil, nil
	}
	return groups, err
}

func readMembers(fs FS, id ID) ([]ID, error) {
	path := memPath(id)
	return parseFile(fs, path, func(b []byte) ([]ID, error) { return parseMembers(path, b) })
}

// hasMailbag reports whether a mailbag is a user's.
func (d *directory) hasMailbag(id ID) bool {
	for _, u := range d.users {
		if u.ID == id {
			return true
		}
	}
	return false
}
