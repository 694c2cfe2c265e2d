package link

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// profileFile is a Profile as a JSON file: rates in bit/s, times as "200ms", loss
// as a fraction. Unknown members are errors, since a misspelt one would change the
// link silently.
type profileFile struct {
	Name     string      `json:"name"`
	RateBits int64       `json:"rate_bits"`
	RTT      jsonTime    `json:"rtt"`
	Queue    jsonTime    `json:"queue"`
	Loss     float64     `json:"loss"`
	Stall    stallFile   `json:"stall"`
	Sources  sourcesFile `json:"sources"`
}

type stallFile struct {
	Probability float64  `json:"probability"`
	Min         jsonTime `json:"min"`
	Max         jsonTime `json:"max"`
}

type sourcesFile struct {
	Rate  string `json:"rate"`
	RTT   string `json:"rtt"`
	Queue string `json:"queue"`
	Loss  string `json:"loss"`
	Stall string `json:"stall"`
}

// ParseProfile reads a profile file. Sources that the file leaves out are marked
// as assumed.
func ParseProfile(data []byte) (Profile, error) {
	var f profileFile
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return Profile{}, fmt.Errorf("link profile: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Profile{}, errors.New("link profile: more than one value")
	}
	p := f.profile()
	if p.Name == "" {
		return Profile{}, errors.New("link profile: no name")
	}
	return p, p.Validate()
}

// MarshalJSON renders the profile as ParseProfile reads it.
func (p Profile) MarshalJSON() ([]byte, error) {
	return json.Marshal(profileFile{
		p.Name, p.RateBits, jsonTime(p.RTT), jsonTime(p.Queue), p.Loss,
		stallFile{p.Stall.Probability, jsonTime(p.Stall.Min), jsonTime(p.Stall.Max)},
		sourcesFile(p.Sources),
	})
}

func (f *profileFile) profile() Profile {
	s := Sources(f.Sources)
	for _, source := range []*string{&s.Rate, &s.RTT, &s.Queue, &s.Loss, &s.Stall} {
		if *source == "" {
			*source = "assumed (the profile names no source)"
		}
	}
	return Profile{
		Name: f.Name, RateBits: f.RateBits, RTT: time.Duration(f.RTT), Queue: time.Duration(f.Queue), Loss: f.Loss,
		Stall:   Stall{f.Stall.Probability, time.Duration(f.Stall.Min), time.Duration(f.Stall.Max)},
		Sources: s,
	}
}

// Hash identifies the values of the profile, not their sources, in 16 hexadecimal
// digits.
func (p Profile) Hash() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %d %d %d %g %g %d %d", p.Name, p.RateBits, p.RTT, p.Queue, p.Loss,
		p.Stall.Probability, p.Stall.Min, p.Stall.Max))
	return hex.EncodeToString(sum[:8])
}

// jsonTime is a duration written as time.ParseDuration reads it.
type jsonTime time.Duration

// MarshalText renders the duration.
func (t jsonTime) MarshalText() ([]byte, error) {
	return []byte(time.Duration(t).String()), nil
}

// UnmarshalText reads the duration.
func (t *jsonTime) UnmarshalText(b []byte) error {
	d, err := time.ParseDuration(string(b))
	*t = jsonTime(d)
	return err
}
