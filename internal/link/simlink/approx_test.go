package simlink_test
import "math"
func approx(p, rtt, t0, b float64) float64 {
	return 1/(rtt*math.Sqrt(2*b*p/3)+t0*math.Min(1,3*math.Sqrt(3*b*p/8))*p*(1+32*p*p))
}
