package link

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Lookup takes the name of a built-in profile, or else that of a profile file.
func Lookup(name string) (Profile, error) {
	p, unknown := ByName(name)
	if unknown == nil {
		return p, nil
	}
	p, err := loadProfile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return p, fmt.Errorf("%w, and no such file", unknown)
	}
	return p, err
}

// loadProfile reads a profile file.
func loadProfile(path string) (Profile, error) {
	f, err := os.Open(path)
	if err != nil {
		return Profile{}, err
	}
	defer func() { _ = f.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err != nil {
		return Profile{}, err
	}
	return ParseProfile(path, text)
}
