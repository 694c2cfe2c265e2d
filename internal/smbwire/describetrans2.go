package smbwire

import "fmt"

// trans2Names holds the names of [MS-CIFS] without their TRANS2_ prefix.
//
// src: [MS-CIFS] §2.2.6
var trans2Names = map[uint16]string{
	Trans2Open:            "OPEN2",
	Trans2FindFirst2:      "FIND_FIRST2",
	Trans2FindNext2:       "FIND_NEXT2",
	Trans2QueryFS:         "QUERY_FS_INFORMATION",
	Trans2QueryPath:       "QUERY_PATH_INFORMATION",
	Trans2SetPath:         "SET_PATH_INFORMATION",
	Trans2QueryFile:       "QUERY_FILE_INFORMATION",
	Trans2SetFile:         "SET_FILE_INFORMATION",
	Trans2CreateDirectory: "CREATE_DIRECTORY",
	Trans2GetDFSReferral:  "GET_DFS_REFERRAL",
}

// summarize is not the method of a summarizer, because the strings in the
// parameters need the flags.
func (r *Transaction2Request) summarize(s *Summary, fl Flags2) {
	sub := r.Subcommand()
	name, ok := trans2Names[sub]
	if !ok {
		name = fmt.Sprintf("0x%04X", sub)
	}
	s.Subcommand = name
	if err := r.summarizeCall(s, fl); err != nil {
		s.detail("malformed parameters")
	}
}

func (r *Transaction2Request) summarizeCall(s *Summary, fl Flags2) error {
	switch r.Subcommand() {
	case Trans2FindFirst2:
		return describeFindFirst(s, r, fl)
	case Trans2FindNext2:
		return describeFindNext(s, r, fl)
	case Trans2QueryFS:
		var q QueryFSInformationRequest
		err := q.Decode(r, fl)
		s.detail("level=%#04x", uint16(q.Level))
		return err
	case Trans2QueryPath, Trans2SetPath: // both begin alike
		var q QueryPathInformationRequest
		err := q.Decode(r, fl)
		s.Path = q.FileName
		s.detail("level=%#04x", uint16(q.Level))
		return err
	case Trans2QueryFile, Trans2SetFile:
		var q QueryFileInformationRequest
		err := q.Decode(r, fl)
		s.fid(q.FID)
		s.detail("level=%#04x", uint16(q.Level))
		return err
	}
	return nil
}

func describeFindFirst(s *Summary, r *Transaction2Request, fl Flags2) error {
	var q FindFirst2Request
	err := q.Decode(r, fl)
	s.Path = q.FileName
	s.detail("level=%#04x count=%d flags=%#x", uint16(q.Level), q.SearchCount, uint16(q.Flags))
	return err
}

func describeFindNext(s *Summary, r *Transaction2Request, fl Flags2) error {
	var q FindNext2Request
	err := q.Decode(r, fl)
	s.Path = q.FileName
	s.detail("sid=%#04x level=%#04x count=%d flags=%#x",
		uint16(q.SID), uint16(q.Level), q.SearchCount, uint16(q.Flags))
	return err
}

func (r *Transaction2Response) summarize(s *Summary) {
	s.detail("params=%d data=%d", len(r.Params), len(r.Data))
}
