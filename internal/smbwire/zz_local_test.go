package smbwire

import (
	"bufio"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"
	"bytes"
	"fmt"

	"github.com/google/go-cmp/cmp"
)

func TestLocal(t *testing.T) {
	files, _ := filepath.Glob("/tmp/wire/out/*.frames")
	seen := map[string]int{}
	for _, fn := range files {
		f, _ := os.Open(fn)
		sc := bufio.NewScanner(f)
		sc.Buffer(nil, 1<<20)
		n, same := 0, 0
		for sc.Scan() {
			b, err := hex.DecodeString(sc.Text()[2:])
			if err != nil { t.Fatal(err) }
			n++
			if len(b) < 33 || b[0] != 0xff { seen["raw/nonsmb"]++; continue }
			m, err := Parse(b)
			if err != nil {
				k := fmt.Sprintf("%s %v", sc.Text()[:1], err)
				seen[k]++
				if seen[k] == 1 { t.Logf("%s: %s wct %d %.400x", fn, k, b[32], b) }
				continue
			}
			g, err := m.Append(nil)
			if err != nil { t.Fatalf("append %v %x", err, b) }
			if bytes.Equal(g, b) { same++ ; continue}
			m2, err := Parse(g)
			if err != nil { t.Fatalf("reparse %v\n%x\n%x", err, b, g) }
			if d := cmp.Diff(m, m2); d != "" { t.Errorf("diff %s\n%x\n%x", d, b, g) }
			k := fmt.Sprintf("bytes differ %s %T", sc.Text()[:1], m.Chain[0])
			seen[k]++
			if seen[k] == 1 { t.Logf("%s %s: \n%.500x\n%.500x", fn, k, b, g) }
		}
		t.Logf("%s: %d frames, %d same bytes", fn, n, same)
	}
	for k, v := range seen { t.Log(v, k) }
}
