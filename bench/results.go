package bench

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/klauspost/compress/zstd"
)

// The names of the file of results; a sweep has one of them.
const (
	ResultsFile       = "results.jsonl"
	PackedResultsFile = "results.jsonl.zst"
)

// ResultsName is the name of the file that WriteResults writes.
func (r *Record) ResultsName() string {
	if r.Total() > ManyTrials {
		return PackedResultsFile
	}
	return ResultsFile
}

// WriteResults writes the lines that were kept: as they are, or compressed if the sweep
// has more than ManyTrials.
func (r *Record) WriteResults(w io.Writer) error {
	if r.ResultsName() == ResultsFile {
		return r.Lines(w)
	}
	zip, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1)) // concurrency: the bytes depend on the lines alone
	if err != nil {
		return err
	}
	if err := r.Lines(zip); err != nil {
		return errors.Join(err, zip.Close())
	}
	return zip.Close()
}

// maxLine bounds a line of results, in bytes.
//
// src: assumed (ten times the longest that is written)
const maxLine = 16 << 10

// zstdMagic begins a compressed file.
//
// src: RFC 8878 §3.1.1
var zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}

// ReadResults reads a file of results, compressed or not. It ends with the first error.
func ReadResults(r io.Reader) iter.Seq2[Result, error] {
	return func(yield func(Result, error) bool) {
		b := bufio.NewReader(r)
		if magic, err := b.Peek(len(zstdMagic)); err == nil && bytes.Equal(magic, zstdMagic) {
			zip, err := zstd.NewReader(b, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxPlain))
			if err != nil {
				yield(Result{}, err)
				return
			}
			defer zip.Close()
			b = bufio.NewReader(zip)
		}
		lines := bufio.NewScanner(b)
		lines.Buffer(nil, maxLine)
		n := 0
		for lines.Scan() {
			var res Result
			n++
			err := json.Unmarshal(lines.Bytes(), &res)
			if err != nil {
				err = fmt.Errorf("line %d: %w", n, err)
			}
			if !yield(res, err) || err != nil {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(Result{}, fmt.Errorf("line %d: %w", n+1, err))
		}
	}
}
