package smbwire

import (
	"time"

	"github.com/ntrdr/ntrdr/internal/nt"
)

// UTime is seconds since 1970-01-01, in local time of the server; 0 and
// 0xFFFFFFFF mean "no time" and "do not change".
//
// src: [MS-CIFS] §2.2.1.4.3
type UTime uint32

// DOSDateTime is an SMB_DATE in the low and an SMB_TIME in the high 16 bits:
// two seconds of resolution, years 1980 to 2107, local time; 0 is "no time".
//
// src: [MS-CIFS] §2.2.1.4.1, §2.2.1.4.2
type DOSDateTime uint32

// UTimeOf converts the wall clock reading of t; the zero time gives 0.
func UTimeOf(t time.Time) UTime {
	if t.IsZero() {
		return 0
	}
	return UTime(t.Unix())
}

// Time converts u as if it were UTC; 0 and 0xFFFFFFFF give the zero time.
func (u UTime) Time() time.Time {
	if u == 0 || u == 0xFFFFFFFF {
		return time.Time{}
	}
	return time.Unix(int64(u), 0).UTC()
}

// DOSDateTimeOf converts t, rounding down to two seconds; times that DOS cannot
// express give 0.
func DOSDateTimeOf(t time.Time) DOSDateTime {
	t = t.UTC()
	if y := t.Year(); y < 1980 || y > 2107 {
		return 0
	}
	date := (t.Year()-1980)<<9 | int(t.Month())<<5 | t.Day()
	clock := t.Hour()<<11 | t.Minute()<<5 | t.Second()/2
	return DOSDateTime(clock<<16 | date)
}

// Time converts t as if it were UTC; 0 gives the zero time.
func (t DOSDateTime) Time() time.Time {
	if t == 0 {
		return time.Time{}
	}
	date, clock := int(t&0xFFFF), int(t>>16)
	return time.Date(1980+date>>9, time.Month(date>>5&15), date&31,
		clock>>11, clock>>5&63, clock&31*2, 0, time.UTC)
}

// fileTime converts t for the information levels that carry DOS times.
func (t DOSDateTime) fileTime() nt.FileTime { return nt.FileTimeOf(t.Time()) }

func dosOfFileTime(t nt.FileTime) DOSDateTime { return DOSDateTimeOf(t.Time()) }

func (e *encoder) utime(u UTime) { e.u32(uint32(u)) }

// dateTime writes the date first, as information levels have it.
func (e *encoder) dateTime(t DOSDateTime) { e.u32(uint32(t)) }

// timeDate writes the time first, as NEGOTIATE has it.
func (e *encoder) timeDate(t DOSDateTime) { e.u32(uint32(t>>16 | t<<16)) }

func (d *decoder) dateTime(field string) DOSDateTime { return DOSDateTime(d.u32(field)) }

func (d *decoder) timeDate(field string) DOSDateTime {
	v := d.dateTime(field)
	return v>>16 | v<<16
}
