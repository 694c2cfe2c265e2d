package smbwire

import "github.com/ntrdr/ntrdr/internal/nt"

// DOS error classes.
//
// src: [MS-CIFS] §2.2.2.4
const (
	classDOS = 0x01 // ERRDOS
	classSRV = 0x02 // ERRSRV
	classHRD = 0x03 // ERRHRD
)

// dosError is one pair of the mapping between DOS errors and NTSTATUS.
type dosError struct {
	class  uint8
	code   uint16
	status nt.Status
}

// raw is the error as the 32 bits of the header's status.
func (d dosError) raw() nt.Status { return nt.Status(d.class) | nt.Status(d.code)<<16 }

// dosErrors maps both ways. In each direction the first match wins, so the row
// of a code's usual meaning stands before its others.
//
// src: [MS-CIFS] §2.2.2.4; KB Q140062 (an invalid UID or TID is "the network name was
// deleted").
var dosErrors = [...]dosError{
	{classDOS, 1, nt.StatusNotImplemented},       // ERRbadfunc
	{classDOS, 1, nt.StatusInvalidDeviceRequest}, // ERRbadfunc
	{classDOS, 2, nt.StatusObjectNameNotFound},   // ERRbadfile
	{classDOS, 2, nt.StatusNoSuchFile},           // ERRbadfile
	{classDOS, 3, nt.StatusObjectPathNotFound},   // ERRbadpath
	{classDOS, 4, nt.StatusTooManyOpenedFiles},   // ERRnofids
	{classDOS, 5, nt.StatusAccessDenied},         // ERRnoaccess
	{classDOS, 5, nt.StatusFileIsADirectory},
	{classDOS, 5, nt.StatusDeletePending},
	{classDOS, 5, nt.StatusCannotDelete},
	{classDOS, 5, nt.StatusFileDeleted},
	{classDOS, 6, nt.StatusInvalidHandle}, // ERRbadfid
	{classDOS, 6, nt.StatusFileClosed},
	{classDOS, 8, nt.StatusNoMemory}, // ERRnomem
	{classDOS, 8, nt.StatusInsufficientResources},
	{classDOS, 16, nt.StatusDirectoryNotEmpty}, // ERRremcd
	{classDOS, 18, nt.StatusNoMoreFiles},       // ERRnofiles
	{classDOS, 32, nt.StatusSharingViolation},  // ERRbadshare
	{classDOS, 33, nt.StatusLockNotGranted},    // ERRlock
	{classDOS, 33, nt.StatusFileLockConflict},
	{classDOS, 38, nt.StatusEndOfFile},            // ERReof
	{classDOS, 50, nt.StatusNotSupported},         // ERRunsup
	{classDOS, 64, nt.StatusNetworkNameDeleted},   // ERRnetnamedel
	{classDOS, 65, nt.StatusNetworkAccessDenied},  // ERROR_NETWORK_ACCESS_DENIED
	{classDOS, 67, nt.StatusBadNetworkName},       // ERRnosuchshare
	{classDOS, 71, nt.StatusRequestNotAccepted},   // ERROR_REQ_NOT_ACCEP
	{classDOS, 80, nt.StatusObjectNameCollision},  // ERRfilexists
	{classDOS, 87, nt.StatusInvalidParameter},     // ERRinvalidparam
	{classDOS, 87, nt.StatusInvalidInfoClass},     // ERRinvalidparam
	{classDOS, 112, nt.StatusDiskFull},            // ERROR_DISK_FULL
	{classDOS, 122, nt.StatusBufferTooSmall},      // ERRinsufficientbuffer
	{classDOS, 123, nt.StatusObjectNameInvalid},   // ERRinvalidname
	{classDOS, 124, nt.StatusInvalidInfoClass},    // ERRunknownlevel
	{classDOS, 145, nt.StatusDirectoryNotEmpty},   // ERROR_DIR_NOT_EMPTY
	{classDOS, 158, nt.StatusRangeNotLocked},      // ERRnotlocked
	{classDOS, 183, nt.StatusObjectNameCollision}, // ERROR_ALREADY_EXISTS
	{classDOS, 234, nt.StatusBufferOverflow},      // ERRmoredata
	{classDOS, 267, nt.StatusNotADirectory},       // ERROR_DIRECTORY
	{classDOS, 301, nt.StatusInvalidOplockProtocol},

	{classSRV, 1, nt.StatusUnsuccessful},  // ERRerror
	{classSRV, 2, nt.StatusWrongPassword}, // ERRbadpw
	{classSRV, 2, nt.StatusLogonFailure},
	{classSRV, 4, nt.StatusNetworkAccessDenied},    // ERRaccess
	{classSRV, 5, nt.StatusNetworkNameDeleted},     // ERRinvtid
	{classSRV, 6, nt.StatusBadNetworkName},         // ERRinvnetname
	{classSRV, 7, nt.StatusBadDeviceType},          // ERRinvdevice
	{classSRV, 22, nt.StatusNotImplemented},        // ERRsmbcmd
	{classSRV, 56, nt.StatusTooManyCommands},       // ERROR_TOO_MANY_CMDS
	{classSRV, 88, nt.StatusIOTimeout},             // ERRtimeout
	{classSRV, 89, nt.StatusInsufficientResources}, // ERRnoresource
	{classSRV, 90, nt.StatusTooManyCommands},       // ERRtoomanyuids
	{classSRV, 91, nt.StatusUserSessionDeleted},    // ERRbaduid
	{classSRV, 250, nt.StatusNotSupported},         // ERRusempx
	{classSRV, 251, nt.StatusSMBUseStandard},       // ERRusestd
	{classSRV, 0xFFFF, nt.StatusNotSupported},      // ERRnosupport

	{classHRD, 19, nt.StatusMediaWriteProtected}, // ERRnowrite
	{classHRD, 31, nt.StatusUnsuccessful},        // ERRgeneral
	{classHRD, 32, nt.StatusSharingViolation},    // ERRbadshare
	{classHRD, 33, nt.StatusLockNotGranted},      // ERRlock
	{classHRD, 39, nt.StatusDiskFull},            // ERRdiskfull
}

// dosGeneral stands for a status that no DOS error expresses.
//
// src: assumed (Samba sends ERRHRD/ERRgeneral for them)
var dosGeneral = dosError{classHRD, 31, nt.StatusUnsuccessful}

// DOSStatus gives the DOS error for st, as the 32 bits of the header's status.
func DOSStatus(st nt.Status) nt.Status {
	if st == nt.StatusSuccess {
		return st
	}
	for _, d := range dosErrors {
		if d.status == st {
			return d.raw()
		}
	}
	return dosGeneral.raw()
}

// statusOfDOS translates a DOS error from a header without Flags2NTStatus. An
// unknown one becomes StatusUnsuccessful. Its reserved byte is ignored.
func statusOfDOS(raw nt.Status) nt.Status {
	raw &= 0xFFFF00FF
	if raw == 0 {
		return nt.StatusSuccess
	}
	for _, d := range dosErrors {
		if d.raw() == raw {
			return d.status
		}
	}
	return nt.StatusUnsuccessful
}
