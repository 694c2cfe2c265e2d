package nt

// NotifyFilter says which changes in a directory are waited for.
//
// src: [MS-CIFS] §2.2.7.4.1
type NotifyFilter uint32

// Bits of a NotifyFilter.
const (
	NotifyFileName   NotifyFilter = 0x0001
	NotifyDirName    NotifyFilter = 0x0002
	NotifyAttributes NotifyFilter = 0x0004
	NotifySize       NotifyFilter = 0x0008
	NotifyLastWrite  NotifyFilter = 0x0010
	NotifyLastAccess NotifyFilter = 0x0020
	NotifyCreation   NotifyFilter = 0x0040
	NotifyEA         NotifyFilter = 0x0080
	NotifySecurity   NotifyFilter = 0x0100
)

// NotifyAction is what happened to a name.
//
// src: [MS-CIFS] §2.2.7.4.2
type NotifyAction uint32

// Values of a NotifyAction.
const (
	NotifyAdded    NotifyAction = 1
	NotifyRemoved  NotifyAction = 2
	NotifyModified NotifyAction = 3
	NotifyOldName  NotifyAction = 4
	NotifyNewName  NotifyAction = 5
)

// Change is one change in a directory. Name is relative to it.
type Change struct {
	Action NotifyAction
	Name   string
}
