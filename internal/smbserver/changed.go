package smbserver

// ChangeKind says what happened to a file.
type ChangeKind uint8

// The kinds of changes of files. Directories, times and attributes are not told.
const (
	ChangeCreated   ChangeKind = iota // a new empty file
	ChangeWritten                     // Data at Off
	ChangeSized                       // Off is the new size
	ChangeRenamed                     // from Path to To
	ChangeRemoved                     // or a directory, which was empty
	ChangeFIDClosed                   // a FID was closed; the file is as it was
)

// Changed is a change of a file that a client has brought about.
type Changed struct {
	Client, Share string
	Path, To      string // To after a rename
	Kind          ChangeKind
	Off           int64
	Data          []byte // lent until OnChange returns
}

// did tells OnChange.
func (c *core) did(cir *circuit, sh *share, ch Changed) {
	if c.cfg.OnChange != nil {
		ch.Client, ch.Share = cir.client, sh.name
		c.cfg.OnChange(ch)
	}
}
