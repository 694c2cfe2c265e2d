package bench

import (
	"encoding/json"
	"fmt"
	"math/big"
	"math/bits"
)

// wide is a sum of products of times in microseconds: 128 bits hold those of 10^18
// trials of four hours, exactly, in whatever order they are added.
type wide struct{ hi, lo uint64 }

// addProduct adds a times b, neither of which is negative.
func (w *wide) addProduct(a, b int64) {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	w.add(wide{hi, lo})
}

func (w *wide) add(o wide) {
	var carry uint64
	w.lo, carry = bits.Add64(w.lo, o.lo, 0)
	w.hi, _ = bits.Add64(w.hi, o.hi, carry)
}

func (w wide) big() *big.Int {
	v := new(big.Int).SetUint64(w.hi)
	return v.Or(v.Lsh(v, 64), new(big.Int).SetUint64(w.lo))
}

// MarshalJSON writes a decimal number of any length, in quotes, because many readers
// of JSON keep only 53 bits of a number.
func (w wide) MarshalJSON() ([]byte, error) { return json.Marshal(w.big().String()) }

// UnmarshalJSON reads what MarshalJSON wrote.
func (w *wide) UnmarshalJSON(text []byte) error {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	const digits = 39 // of 2^128
	v, ok := new(big.Int).SetString(s[:min(len(s), digits+1)], 10)
	if !ok || v.Sign() < 0 || v.BitLen() > 128 || len(s) > digits {
		return fmt.Errorf("%.50q is not a number of 128 bits", s)
	}
	w.lo = new(big.Int).And(v, new(big.Int).SetUint64(^uint64(0))).Uint64()
	w.hi = new(big.Int).Rsh(v, 64).Uint64()
	return nil
}
