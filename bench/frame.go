package bench

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/zstd"
)

// A journal begins with journalMagic. Frames follow: the length of the rest as 4 bytes,
// its CRC-32C as 4 bytes, both little-endian, and the rest, which is zstd.
const journalMagic = "ntrdr journal 1\n"

// Limits of a frame, compressed and not, so that a damaged file cannot ask for more.
//
// src: assumed (ten times the largest that is written)
const (
	maxFrame = 64 << 20
	maxPlain = 512 << 20
)

const frameHeader = 8

var crcTable = crc32.MakeTable(crc32.Castagnoli)

// errTorn says that a journal ends, or goes on with, what is no whole frame.
var errTorn = errors.New("it ends within a record, or a record is damaged")

// newPacker returns an encoder for frames: what it makes depends on its input alone.
func newPacker() *zstd.Encoder {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false)) // the frame has one
	if err != nil {
		panic(err) // the options are fixed
	}
	return e
}

// packFrame appends a frame that holds the text.
func packFrame(dst []byte, e *zstd.Encoder, text []byte) []byte {
	at := len(dst)
	dst = append(dst, make([]byte, frameHeader)...)
	dst = e.EncodeAll(text, dst)
	rest := dst[at+frameHeader:]
	binary.LittleEndian.PutUint32(dst[at:], uint32(len(rest)))
	binary.LittleEndian.PutUint32(dst[at+4:], crc32.Checksum(rest, crcTable))
	return dst
}

// frameReader reads the frames of a journal.
type frameReader struct {
	r      *bufio.Reader
	zip    *zstd.Decoder
	offset int64 // of the next frame
	packed []byte
	plain  []byte
}

func newFrameReader(r io.Reader) *frameReader {
	zip, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxPlain))
	if err != nil {
		panic(err) // the options are fixed
	}
	return &frameReader{r: bufio.NewReaderSize(r, 1<<16), zip: zip}
}

func (r *frameReader) close() { r.zip.Close() }

// magic reads the first bytes. A file that is shorter and so far right is torn.
func (r *frameReader) magic() error {
	b := make([]byte, len(journalMagic))
	n, err := io.ReadFull(r.r, b)
	switch {
	case string(b[:n]) != journalMagic[:n]:
		return errors.New("it is no journal of ntrdr")
	case err != nil:
		return torn(err)
	}
	r.offset = int64(n)
	return nil
}

// next returns what the next frame holds, until the next call. At the end it returns
// io.EOF; errTorn if what follows is no frame.
func (r *frameReader) next() ([]byte, error) {
	var head [frameHeader]byte
	if _, err := io.ReadFull(r.r, head[:]); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, io.EOF
		}
		return nil, torn(err)
	}
	n := binary.LittleEndian.Uint32(head[:])
	if n == 0 || n > maxFrame { // a file system may leave zeros at the end
		return nil, errTorn
	}
	if cap(r.packed) < int(n) {
		r.packed = make([]byte, n)
	}
	r.packed = r.packed[:n]
	if _, err := io.ReadFull(r.r, r.packed); err != nil {
		return nil, torn(err)
	}
	if crc32.Checksum(r.packed, crcTable) != binary.LittleEndian.Uint32(head[4:]) {
		return nil, errTorn
	}
	plain, err := r.zip.DecodeAll(r.packed, r.plain[:0])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errTorn, err)
	}
	r.plain = plain
	r.offset += frameHeader + int64(n)
	return plain, nil
}

// torn makes the end of the file an end within a frame.
func torn(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errTorn
	}
	return err
}
