package smbwire

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// trans2Call is a typed request of a TRANSACTION2.
type trans2Call interface {
	Encode(t *Transaction2Request, fl Flags2) error
	Decode(t *Transaction2Request, fl Flags2) error
}

// newCall makes the typed request of a subcommand, nil if there is none.
func newCall(sub uint16) trans2Call {
	switch sub {
	case Trans2FindFirst2:
		return new(FindFirst2Request)
	case Trans2FindNext2:
		return new(FindNext2Request)
	case Trans2QueryFS:
		return new(QueryFSInformationRequest)
	case Trans2QueryPath:
		return new(QueryPathInformationRequest)
	case Trans2SetPath:
		return new(SetPathInformationRequest)
	case Trans2QueryFile:
		return new(QueryFileInformationRequest)
	case Trans2SetFile:
		return new(SetFileInformationRequest)
	}
	return nil
}

// recode decodes an information block and encodes it again.
type recode func(b []byte, fl Flags2) (value any, again []byte, err error)

func recodeFile(l InfoLevel) recode {
	return func(b []byte, fl Flags2) (any, []byte, error) {
		i, err := DecodeFileInformation(l, b, fl)
		if err != nil {
			return nil, nil, err
		}
		again, err := EncodeFileInformation(l, i, fl)
		return i, again, err
	}
}

func recodeFS(l InfoLevel) recode {
	return func(b []byte, fl Flags2) (any, []byte, error) {
		i, err := DecodeFSInformation(l, b, fl)
		if err != nil {
			return nil, nil, err
		}
		again, err := EncodeFSInformation(l, i, fl)
		return i, again, err
	}
}

func recodeSet(l InfoLevel) recode {
	return func(b []byte, fl Flags2) (any, []byte, error) {
		c, err := DecodeSetInformation(l, b, fl)
		if err != nil {
			return nil, nil, err
		}
		again, err := EncodeSetInformation(l, c, fl)
		return c, again, err
	}
}

func recodeFind(l InfoLevel, flags FindFlags, count int) recode {
	return func(b []byte, fl Flags2) (any, []byte, error) {
		f := FindFormat{l, fl, flags&FindReturnResumeKeys != 0}
		entries, err := DecodeFindEntries(f, b, count)
		if err != nil {
			return nil, nil, err
		}
		again, err := EncodeFindEntries(f, entries, 1<<20)
		return entries, again.Data, err
	}
}

// knownLevel reports whether the level is in the table that its call uses.
func knownLevel(c trans2Call) bool {
	ok := true
	switch c := c.(type) {
	case *QueryFSInformationRequest:
		_, ok = fsLevels[c.Level]
	case *QueryPathInformationRequest:
		_, ok = fileLevels[c.Level]
	case *QueryFileInformationRequest:
		_, ok = fileLevels[c.Level]
	case *SetPathInformationRequest:
		_, ok = setLevels[c.Level]
	case *SetFileInformationRequest:
		_, ok = setLevels[c.Level]
	case *FindFirst2Request:
		ok = FindFormat{Level: c.Level}.known()
	case *FindNext2Request:
		ok = FindFormat{Level: c.Level}.known()
	}
	return ok
}

// block returns the information block of an exchange and how to recode it.
func (x exchange) block(t *testing.T, c trans2Call) (b []byte, fl Flags2, r recode) {
	t.Helper()
	b, fl = x.response.Data, x.reply
	switch c := c.(type) {
	case *QueryFSInformationRequest:
		r = recodeFS(c.Level)
	case *QueryPathInformationRequest:
		r = recodeFile(c.Level)
	case *QueryFileInformationRequest:
		r = recodeFile(c.Level)
	case *SetPathInformationRequest:
		b, fl, r = c.Data, x.flags, recodeSet(c.Level)
	case *SetFileInformationRequest:
		b, fl, r = c.Data, x.flags, recodeSet(c.Level)
	case *FindFirst2Request:
		var p FindFirst2Response
		if err := p.Decode(x.response, fl); err != nil {
			t.Fatal(err)
		}
		r = recodeFind(c.Level, c.Flags, int(p.SearchCount))
	case *FindNext2Request:
		var p FindNext2Response
		if err := p.Decode(x.response, fl); err != nil {
			t.Fatal(err)
		}
		r = recodeFind(c.Level, c.Flags, int(p.SearchCount))
	}
	return b, fl, r
}

func (x exchange) check(t *testing.T, c trans2Call) {
	t.Helper()
	if err := c.Decode(x.request, x.flags); err != nil {
		t.Fatalf("%s: %v", x.what, err)
	}
	var again Transaction2Request
	if err := c.Encode(&again, x.flags); err != nil {
		t.Fatalf("%s: %v", x.what, err)
	}
	// A sender may put anything behind the terminator of a last string.
	if !bytes.HasPrefix(x.request.Params, again.Params) || !bytes.Equal(again.Data, x.request.Data) {
		t.Errorf("%s: got params %x, want %x", x.what, again.Params, x.request.Params)
	}
	if !knownLevel(c) {
		return
	}
	b, fl, r := x.block(t, c)
	value, block, err := r(b, fl)
	if err != nil {
		t.Fatalf("%s: %v in %x", x.what, err, b)
	}
	value2, _, err := r(block, fl)
	if err != nil {
		t.Fatalf("%s: %v in %x", x.what, err, block)
	}
	if diff := cmp.Diff(value2, value); diff != "" {
		t.Errorf("%s (-got +want)\n%s", x.what, diff)
	}
}

func TestGoldenTransactionsDecodeAndReencode(t *testing.T) {
	checked := 0
	for _, file := range goldenFiles(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			for _, x := range exchanges(t, file) {
				if c := newCall(x.request.Subcommand()); c != nil {
					x.check(t, c)
					checked++
				}
			}
		})
	}
	if checked < 50 {
		t.Errorf("checked %d exchanges, want at least 50", checked)
	}
}
