package smbwire

import "fmt"

// ntTransactNames holds the names of [MS-CIFS] without their NT_TRANSACT_ prefix.
//
// src: [MS-CIFS] §2.2.7
var ntTransactNames = map[uint16]string{
	1:                      "CREATE",
	2:                      "IOCTL",
	3:                      "SET_SECURITY_DESC",
	NTTransactNotifyChange: "NOTIFY_CHANGE",
	5:                      "RENAME",
	6:                      "QUERY_SECURITY_DESC",
}

func (r *NTTransactRequest) summarize(s *Summary) {
	name, ok := ntTransactNames[r.Function]
	if !ok {
		name = fmt.Sprintf("0x%04X", r.Function)
	}
	s.Subcommand = name
	var q NotifyChangeRequest
	if q.Decode(r) == nil {
		s.fid(q.FID)
		s.detail("filter=%#x tree=%v", uint32(q.Filter), q.WatchTree)
	}
}

func (r *NTTransactResponse) summarize(s *Summary) {
	s.detail("params=%d data=%d", len(r.Params), len(r.Data))
}
