package mailclient

import (
	"strconv"
	"strings"
)

// ID is a number from CONTROL.GLB: it names a mailbag, message, attachment or envelope
// file by its eight hexadecimal digits.
//
// src: KB Q87388
type ID uint32

// idLen is the number of digits in a file name made from an ID.
//
// src: KB Q87388
const idLen = 8

// String returns the eight upper-case digits.
func (id ID) String() string {
	var b [idLen]byte
	for i := range b {
		b[i] = hexDigits[id>>(28-4*i)&0xF]
	}
	return string(b[:])
}

// lastDigit selects one of the 16 subdirectories of MAI and ATT.
//
// src: KB Q87409, Q87378
func (id ID) lastDigit() string { return hexDigits[id&0xF:][:1] }

// parseID reads eight upper-case hexadecimal digits.
func parseID(s string) (ID, bool) {
	if len(s) != idLen || s != strings.ToUpper(s) {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 16, 32)
	return ID(n), err == nil
}

// Inqueue is the mailbag of mail from other postoffices.
//
// src: KB Q87416, Q257740
const Inqueue = "INQUEUE3"

// Files of a postoffice with fixed names.
const (
	ControlPath   = `GLB\CONTROL.GLB`
	MasterPath    = `GLB\MASTER.GLB`
	flagPath      = `GLB\FLAG.GLB`
	accessPath    = `GLB\ACCESS2.GLB`
	netPOPath     = `GLB\NETPO.GLB`
	groupPath     = `GLB\GROUP.GLB`
	systemLogPath = `LOG\SYSTEM.LOG`
)

// The files of the queue.
var (
	queueKey  = KeyPath(Inqueue)
	queueMBG  = MBGPath(Inqueue)
	queueLock = LockPath(Inqueue)
)

// KeyPath names the KEY file of a mailbag.
func KeyPath(mailbag string) string { return `KEY\` + mailbag + `.KEY` }

// MBGPath names the MBG file of a mailbag.
func MBGPath(mailbag string) string { return `MBG\` + mailbag + `.MBG` }

// LockPath names the semaphore of a mailbag that several programs empty or fill.
//
// src: KB Q128913
func LockPath(mailbag string) string { return `P1\` + mailbag + `.0LK` }

// MAIPath names a message file.
func MAIPath(id ID) string { return `MAI\MA` + id.lastDigit() + `\` + id.String() + `.MAI` }

// ATTPath names an attachment file.
func ATTPath(id ID) string { return `ATT\AT` + id.lastDigit() + `\` + id.String() + `.ATT` }

// P1Path names an envelope file.
func P1Path(id ID) string { return `P1\` + id.String() + `.P1` }

// mainDirs are the 19 directories below the root; with 16 of MAI and 16 of ATT they
// are the 51 that a postoffice is checked for.
//
// src: KB Q134952, Q132744
var mainDirs = [...]string{
	"ATT", "CAL", "FOLDERS", "GLB", "GRP", "HLP", "INF", "INI", "KEY", "LOG",
	"MAI", "MBG", "MEM", "MMF", "NME", "P1", "TPL", "USR", "XTN",
}

const hexDigits = "0123456789ABCDEF"

// Dirs lists the directories of a postoffice, parents first.
func Dirs() []string {
	dirs := append([]string(nil), mainDirs[:]...)
	dirs = append(dirs, `FOLDERS\LOC`, `FOLDERS\PUB`)
	for _, d := range hexDigits {
		dirs = append(dirs, `MAI\MA`+string(d), `ATT\AT`+string(d))
	}
	return dirs
}
