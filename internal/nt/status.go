package nt

import "fmt"

// Status is an NTSTATUS value.
//
// src: [MS-ERREF] §2.3
type Status uint32

// The NTSTATUS values that the redirector, the server and their tests use.
//
// src: [MS-ERREF] §2.3.1
const (
	StatusSuccess                Status = 0x00000000
	StatusPending                Status = 0x00000103
	StatusNotifyCleanup          Status = 0x0000010B
	StatusNotifyEnumDir          Status = 0x0000010C
	StatusSMBUseStandard         Status = 0x00FB0002
	StatusBufferOverflow         Status = 0x80000005
	StatusNoMoreFiles            Status = 0x80000006
	StatusUnsuccessful           Status = 0xC0000001
	StatusNotImplemented         Status = 0xC0000002
	StatusInvalidInfoClass       Status = 0xC0000003
	StatusAccessViolation        Status = 0xC0000005
	StatusInvalidHandle          Status = 0xC0000008
	StatusInvalidParameter       Status = 0xC000000D
	StatusNoSuchFile             Status = 0xC000000F
	StatusInvalidDeviceRequest   Status = 0xC0000010
	StatusEndOfFile              Status = 0xC0000011
	StatusMoreProcessingRequired Status = 0xC0000016
	StatusNoMemory               Status = 0xC0000017
	StatusAccessDenied           Status = 0xC0000022
	StatusBufferTooSmall         Status = 0xC0000023
	StatusObjectNameInvalid      Status = 0xC0000033
	StatusObjectNameNotFound     Status = 0xC0000034
	StatusObjectNameCollision    Status = 0xC0000035
	StatusObjectPathNotFound     Status = 0xC000003A
	StatusSharingViolation       Status = 0xC0000043
	StatusSemaphoreLimitExceeded Status = 0xC0000047
	StatusFileLockConflict       Status = 0xC0000054
	StatusLockNotGranted         Status = 0xC0000055
	StatusDeletePending          Status = 0xC0000056
	StatusWrongPassword          Status = 0xC000006A
	StatusLogonFailure           Status = 0xC000006D
	StatusRangeNotLocked         Status = 0xC000007E
	StatusDiskFull               Status = 0xC000007F
	StatusInsufficientResources  Status = 0xC000009A
	StatusMediaWriteProtected    Status = 0xC00000A2
	StatusIOTimeout              Status = 0xC00000B5
	StatusFileIsADirectory       Status = 0xC00000BA
	StatusNotSupported           Status = 0xC00000BB
	StatusBadNetworkPath         Status = 0xC00000BE
	StatusNetworkBusy            Status = 0xC00000BF
	StatusDeviceDoesNotExist     Status = 0xC00000C0
	StatusTooManyCommands        Status = 0xC00000C1
	StatusInvalidNetworkResponse Status = 0xC00000C3
	StatusUnexpectedNetworkError Status = 0xC00000C4
	StatusNetworkNameDeleted     Status = 0xC00000C9
	StatusNetworkAccessDenied    Status = 0xC00000CA
	StatusBadDeviceType          Status = 0xC00000CB
	StatusBadNetworkName         Status = 0xC00000CC
	StatusRequestNotAccepted     Status = 0xC00000D0
	StatusVirtualCircuitClosed   Status = 0xC00000D6
	StatusInvalidOplockProtocol  Status = 0xC00000E3
	StatusDirectoryNotEmpty      Status = 0xC0000101
	StatusNotADirectory          Status = 0xC0000103
	StatusTooManyOpenedFiles     Status = 0xC000011F
	StatusCancelled              Status = 0xC0000120
	StatusCannotDelete           Status = 0xC0000121
	StatusFileDeleted            Status = 0xC0000123
	StatusFileClosed             Status = 0xC0000128
	StatusFileForcedClosed       Status = 0xC00000B6
	StatusConnectionDisconnected Status = 0xC000020C
	StatusConnectionReset        Status = 0xC000020D
	StatusLostWritebehindData    Status = 0xC0000222
	StatusConnectionRefused      Status = 0xC0000236
	StatusConnectionAborted      Status = 0xC0000241
	StatusUserSessionDeleted     Status = 0xC0000203
	StatusOplockNotGranted       Status = 0xC00000E2
	StatusUserMappedFile         Status = 0xC0000243
)

type statusInfo struct {
	name  string
	win32 uint32
}

// statusTable names each status and gives the Win32 code that an application
// sees for it.
//
// src: KB Q155011 (Win32 codes and texts); [MS-ERREF] §2.3.1 (names)
var statusTable = map[Status]statusInfo{
	StatusSuccess:                {"STATUS_SUCCESS", 0},
	StatusPending:                {"STATUS_PENDING", 997},
	StatusNotifyCleanup:          {"STATUS_NOTIFY_CLEANUP", 745},
	StatusNotifyEnumDir:          {"STATUS_NOTIFY_ENUM_DIR", 1022},
	StatusSMBUseStandard:         {"STATUS_SMB_USE_STANDARD", 50},
	StatusBufferOverflow:         {"STATUS_BUFFER_OVERFLOW", 234},
	StatusNoMoreFiles:            {"STATUS_NO_MORE_FILES", 18},
	StatusUnsuccessful:           {"STATUS_UNSUCCESSFUL", 31},
	StatusNotImplemented:         {"STATUS_NOT_IMPLEMENTED", 1},
	StatusInvalidInfoClass:       {"STATUS_INVALID_INFO_CLASS", 87},
	StatusAccessViolation:        {"STATUS_ACCESS_VIOLATION", 998},
	StatusInvalidHandle:          {"STATUS_INVALID_HANDLE", 6},
	StatusInvalidParameter:       {"STATUS_INVALID_PARAMETER", 87},
	StatusNoSuchFile:             {"STATUS_NO_SUCH_FILE", 2},
	StatusInvalidDeviceRequest:   {"STATUS_INVALID_DEVICE_REQUEST", 1},
	StatusEndOfFile:              {"STATUS_END_OF_FILE", 38},
	StatusMoreProcessingRequired: {"STATUS_MORE_PROCESSING_REQUIRED", 234},
	StatusNoMemory:               {"STATUS_NO_MEMORY", 8},
	StatusAccessDenied:           {"STATUS_ACCESS_DENIED", 5},
	StatusBufferTooSmall:         {"STATUS_BUFFER_TOO_SMALL", 122},
	StatusObjectNameInvalid:      {"STATUS_OBJECT_NAME_INVALID", 123},
	StatusObjectNameNotFound:     {"STATUS_OBJECT_NAME_NOT_FOUND", 2},
	StatusObjectNameCollision:    {"STATUS_OBJECT_NAME_COLLISION", 183},
	StatusObjectPathNotFound:     {"STATUS_OBJECT_PATH_NOT_FOUND", 3},
	StatusSharingViolation:       {"STATUS_SHARING_VIOLATION", 32},
	StatusSemaphoreLimitExceeded: {"STATUS_SEMAPHORE_LIMIT_EXCEEDED", 298},
	StatusFileLockConflict:       {"STATUS_FILE_LOCK_CONFLICT", 33},
	StatusLockNotGranted:         {"STATUS_LOCK_NOT_GRANTED", 33},
	StatusDeletePending:          {"STATUS_DELETE_PENDING", 5},
	StatusWrongPassword:          {"STATUS_WRONG_PASSWORD", 86},
	StatusLogonFailure:           {"STATUS_LOGON_FAILURE", 1326},
	StatusRangeNotLocked:         {"STATUS_RANGE_NOT_LOCKED", 158},
	StatusDiskFull:               {"STATUS_DISK_FULL", 112},
	StatusInsufficientResources:  {"STATUS_INSUFFICIENT_RESOURCES", 1450},
	StatusMediaWriteProtected:    {"STATUS_MEDIA_WRITE_PROTECTED", 19},
	StatusIOTimeout:              {"STATUS_IO_TIMEOUT", 121},
	StatusFileForcedClosed:       {"STATUS_FILE_FORCED_CLOSED", 38},
	StatusFileIsADirectory:       {"STATUS_FILE_IS_A_DIRECTORY", 5},
	StatusNotSupported:           {"STATUS_NOT_SUPPORTED", 50},
	StatusBadNetworkPath:         {"STATUS_BAD_NETWORK_PATH", 53},
	StatusNetworkBusy:            {"STATUS_NETWORK_BUSY", 54},
	StatusDeviceDoesNotExist:     {"STATUS_DEVICE_DOES_NOT_EXIST", 55},
	StatusTooManyCommands:        {"STATUS_TOO_MANY_COMMANDS", 56},
	StatusInvalidNetworkResponse: {"STATUS_INVALID_NETWORK_RESPONSE", 58},
	StatusUnexpectedNetworkError: {"STATUS_UNEXPECTED_NETWORK_ERROR", 59},
	StatusNetworkNameDeleted:     {"STATUS_NETWORK_NAME_DELETED", 64},
	StatusNetworkAccessDenied:    {"STATUS_NETWORK_ACCESS_DENIED", 65},
	StatusBadDeviceType:          {"STATUS_BAD_DEVICE_TYPE", 66},
	StatusBadNetworkName:         {"STATUS_BAD_NETWORK_NAME", 67},
	StatusRequestNotAccepted:     {"STATUS_REQUEST_NOT_ACCEPTED", 71},
	StatusVirtualCircuitClosed:   {"STATUS_VIRTUAL_CIRCUIT_CLOSED", 240},
	StatusOplockNotGranted:       {"STATUS_OPLOCK_NOT_GRANTED", 300},
	StatusInvalidOplockProtocol:  {"STATUS_INVALID_OPLOCK_PROTOCOL", 301},
	StatusDirectoryNotEmpty:      {"STATUS_DIRECTORY_NOT_EMPTY", 145},
	StatusNotADirectory:          {"STATUS_NOT_A_DIRECTORY", 267},
	StatusTooManyOpenedFiles:     {"STATUS_TOO_MANY_OPENED_FILES", 4},
	StatusCancelled:              {"STATUS_CANCELLED", 995},
	StatusCannotDelete:           {"STATUS_CANNOT_DELETE", 5},
	StatusFileDeleted:            {"STATUS_FILE_DELETED", 5},
	StatusFileClosed:             {"STATUS_FILE_CLOSED", 6},
	StatusUserMappedFile:         {"STATUS_USER_MAPPED_FILE", 1224},
	StatusUserSessionDeleted:     {"STATUS_USER_SESSION_DELETED", 64},
	StatusConnectionDisconnected: {"STATUS_CONNECTION_DISCONNECTED", 64},
	StatusConnectionReset:        {"STATUS_CONNECTION_RESET", 64},
	StatusLostWritebehindData:    {"STATUS_LOST_WRITEBEHIND_DATA", 596},
	StatusConnectionRefused:      {"STATUS_CONNECTION_REFUSED", 1225},
	StatusConnectionAborted:      {"STATUS_CONNECTION_ABORTED", 1236},
}

// String returns the symbolic name, or the value in hex.
func (s Status) String() string {
	if i, ok := statusTable[s]; ok {
		return i.name
	}
	return fmt.Sprintf("NTSTATUS 0x%08X", uint32(s))
}

// Error makes a Status usable with errors.Is.
func (s Status) Error() string { return s.String() }

// Win32 returns the error code that a Win32 application gets from GetLastError,
// or 317 (ERROR_MR_MID_NOT_FOUND) for a status without a mapping.
//
// src: KB Q155011
func (s Status) Win32() uint32 {
	if i, ok := statusTable[s]; ok {
		return i.win32
	}
	return 317 // src: [MS-ERREF] §2.2 (ERROR_MR_MID_NOT_FOUND)
}

// IsError reports whether s has severity error (3), as opposed to success,
// information or warning.
//
// src: [MS-ERREF] §2.3
func (s Status) IsError() bool { return s>>30 == 3 }

// Error is a failed operation: what was tried, on which path, and the status
// that ended it. Err, where set, is the cause below the status.
type Error struct {
	Op     string
	Path   string
	Status Status
	Err    error
}

// Error formats e as "op path: STATUS (Win32 n)".
func (e *Error) Error() string {
	s := e.Op
	if e.Path != "" {
		s += " " + e.Path
	}
	s += fmt.Sprintf(": %v (error %d)", e.Status, e.Status.Win32())
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap lets errors.Is find both the status and the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Status}
	}
	return []error{e.Status, e.Err}
}

// StatusByName returns the Status that String gives the name for.
func StatusByName(name string) (Status, bool) {
	for s, info := range statusTable { // map order: names are unique
		if info.name == name {
			return s, true
		}
	}
	return 0, false
}
