package smbwire

import "fmt"

// Command is the command code of a header or of a block in an AndX chain.
//
// src: [MS-CIFS] §2.2.2.1
type Command uint8

// Command codes.
const (
	CmdCreateDirectory       Command = 0x00
	CmdDeleteDirectory       Command = 0x01
	CmdOpen                  Command = 0x02
	CmdCreate                Command = 0x03
	CmdClose                 Command = 0x04
	CmdFlush                 Command = 0x05
	CmdDelete                Command = 0x06
	CmdRename                Command = 0x07
	CmdQueryInformation      Command = 0x08
	CmdSetInformation        Command = 0x09
	CmdRead                  Command = 0x0A
	CmdWrite                 Command = 0x0B
	CmdLockByteRange         Command = 0x0C
	CmdUnlockByteRange       Command = 0x0D
	CmdCreateTemporary       Command = 0x0E
	CmdCreateNew             Command = 0x0F
	CmdCheckDirectory        Command = 0x10
	CmdProcessExit           Command = 0x11
	CmdSeek                  Command = 0x12
	CmdLockAndRead           Command = 0x13
	CmdWriteAndUnlock        Command = 0x14
	CmdReadRaw               Command = 0x1A
	CmdReadMPX               Command = 0x1B
	CmdReadMPXSecondary      Command = 0x1C
	CmdWriteRaw              Command = 0x1D
	CmdWriteMPX              Command = 0x1E
	CmdWriteMPXSecondary     Command = 0x1F
	CmdWriteComplete         Command = 0x20
	CmdSetInformation2       Command = 0x22
	CmdQueryInformation2     Command = 0x23
	CmdLockingAndX           Command = 0x24
	CmdTransaction           Command = 0x25
	CmdTransactionSecondary  Command = 0x26
	CmdIOCTL                 Command = 0x27
	CmdIOCTLSecondary        Command = 0x28
	CmdCopy                  Command = 0x29
	CmdMove                  Command = 0x2A
	CmdEcho                  Command = 0x2B
	CmdWriteAndClose         Command = 0x2C
	CmdOpenAndX              Command = 0x2D
	CmdReadAndX              Command = 0x2E
	CmdWriteAndX             Command = 0x2F
	CmdCloseAndTreeDisc      Command = 0x31
	CmdTransaction2          Command = 0x32
	CmdTransaction2Secondary Command = 0x33
	CmdFindClose2            Command = 0x34
	CmdTreeConnect           Command = 0x70
	CmdTreeDisconnect        Command = 0x71
	CmdNegotiate             Command = 0x72
	CmdSessionSetupAndX      Command = 0x73
	CmdLogoffAndX            Command = 0x74
	CmdTreeConnectAndX       Command = 0x75
	CmdQueryInformationDisk  Command = 0x80
	CmdSearch                Command = 0x81
	CmdFind                  Command = 0x82
	CmdFindUnique            Command = 0x83
	CmdFindClose             Command = 0x84
	CmdNTTransact            Command = 0xA0
	CmdNTTransactSecondary   Command = 0xA1
	CmdNTCreateAndX          Command = 0xA2
	CmdNTCancel              Command = 0xA4
	CmdNTRename              Command = 0xA5
	CmdNoAndX                Command = 0xFF // ends an AndX chain
)

// commandNames holds the names of [MS-CIFS] without their SMB_COM_ prefix.
//
// src: [MS-CIFS] §2.2.2.1
var commandNames = [256]string{
	CmdCreateDirectory:       "CREATE_DIRECTORY",
	CmdDeleteDirectory:       "DELETE_DIRECTORY",
	CmdOpen:                  "OPEN",
	CmdCreate:                "CREATE",
	CmdClose:                 "CLOSE",
	CmdFlush:                 "FLUSH",
	CmdDelete:                "DELETE",
	CmdRename:                "RENAME",
	CmdQueryInformation:      "QUERY_INFORMATION",
	CmdSetInformation:        "SET_INFORMATION",
	CmdRead:                  "READ",
	CmdWrite:                 "WRITE",
	CmdLockByteRange:         "LOCK_BYTE_RANGE",
	CmdUnlockByteRange:       "UNLOCK_BYTE_RANGE",
	CmdCreateTemporary:       "CREATE_TEMPORARY",
	CmdCreateNew:             "CREATE_NEW",
	CmdCheckDirectory:        "CHECK_DIRECTORY",
	CmdProcessExit:           "PROCESS_EXIT",
	CmdSeek:                  "SEEK",
	CmdLockAndRead:           "LOCK_AND_READ",
	CmdWriteAndUnlock:        "WRITE_AND_UNLOCK",
	CmdReadRaw:               "READ_RAW",
	CmdReadMPX:               "READ_MPX",
	CmdReadMPXSecondary:      "READ_MPX_SECONDARY",
	CmdWriteRaw:              "WRITE_RAW",
	CmdWriteMPX:              "WRITE_MPX",
	CmdWriteMPXSecondary:     "WRITE_MPX_SECONDARY",
	CmdWriteComplete:         "WRITE_COMPLETE",
	CmdSetInformation2:       "SET_INFORMATION2",
	CmdQueryInformation2:     "QUERY_INFORMATION2",
	CmdLockingAndX:           "LOCKING_ANDX",
	CmdTransaction:           "TRANSACTION",
	CmdTransactionSecondary:  "TRANSACTION_SECONDARY",
	CmdIOCTL:                 "IOCTL",
	CmdIOCTLSecondary:        "IOCTL_SECONDARY",
	CmdCopy:                  "COPY",
	CmdMove:                  "MOVE",
	CmdEcho:                  "ECHO",
	CmdWriteAndClose:         "WRITE_AND_CLOSE",
	CmdOpenAndX:              "OPEN_ANDX",
	CmdReadAndX:              "READ_ANDX",
	CmdWriteAndX:             "WRITE_ANDX",
	CmdCloseAndTreeDisc:      "CLOSE_AND_TREE_DISC",
	CmdTransaction2:          "TRANSACTION2",
	CmdTransaction2Secondary: "TRANSACTION2_SECONDARY",
	CmdFindClose2:            "FIND_CLOSE2",
	CmdTreeConnect:           "TREE_CONNECT",
	CmdTreeDisconnect:        "TREE_DISCONNECT",
	CmdNegotiate:             "NEGOTIATE",
	CmdSessionSetupAndX:      "SESSION_SETUP_ANDX",
	CmdLogoffAndX:            "LOGOFF_ANDX",
	CmdTreeConnectAndX:       "TREE_CONNECT_ANDX",
	CmdQueryInformationDisk:  "QUERY_INFORMATION_DISK",
	CmdSearch:                "SEARCH",
	CmdFind:                  "FIND",
	CmdFindUnique:            "FIND_UNIQUE",
	CmdFindClose:             "FIND_CLOSE",
	CmdNTTransact:            "NT_TRANSACT",
	CmdNTTransactSecondary:   "NT_TRANSACT_SECONDARY",
	CmdNTCreateAndX:          "NT_CREATE_ANDX",
	CmdNTCancel:              "NT_CANCEL",
	CmdNTRename:              "NT_RENAME",
	CmdNoAndX:                "NO_ANDX_COMMAND",
}

// String gives the [MS-CIFS] name without SMB_COM_, such as "NT_CREATE_ANDX".
func (c Command) String() string {
	if s := commandNames[c]; s != "" {
		return s
	}
	return fmt.Sprintf("COMMAND_0x%02X", uint8(c))
}

// isAndX reports whether blocks of the command begin with an AndX header.
func (c Command) isAndX() bool { return andXCommands[c] }

// src: [MS-CIFS] §2.2.3.4
var andXCommands = [256]bool{
	CmdLockingAndX: true, CmdOpenAndX: true, CmdReadAndX: true, CmdWriteAndX: true,
	CmdSessionSetupAndX: true, CmdLogoffAndX: true, CmdTreeConnectAndX: true, CmdNTCreateAndX: true,
}
