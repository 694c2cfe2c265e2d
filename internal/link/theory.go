package link

import (
	"math"
	"time"
)

// Mathis is the throughput, in segments a second, of a TCP that never times out:
// sqrt(3/2b) / (RTT sqrt(p)).
//
// src: Mathis, Semke, Mahdavi, Ott 1997, "The macroscopic behavior of the TCP
// congestion avoidance algorithm".
func Mathis(loss float64, rtt time.Duration, ackEvery int) float64 {
	return math.Sqrt(3/(2*float64(ackEvery)*loss)) / rtt.Seconds()
}

// PFTK is the send rate, in segments a second, of a Reno TCP with timeouts and
// without a window limit: loss is the fraction of segments lost, rtt and t0 are the
// mean round trip and the mean first timeout, ackEvery is b.
//
// src: Padhye, Firoiu, Towsley, Kurose 1998, "Modeling TCP throughput: a
// simple model and its empirical validation", the full model.
func PFTK(loss float64, rtt, t0 time.Duration, ackEvery int) float64 {
	p, b := loss, float64(ackEvery)
	k := (2 + b) / (3 * b)
	w := k + math.Sqrt(8*(1-p)/(3*b*p)+k*k) // the window when a loss is detected
	q := lossIsTimeout(p, w)
	f := 1 + p*(1+p*(2+p*(4+p*(8+p*(16+p*32)))))
	sent := (1-p)/p + w + q/(1-p)
	took := rtt.Seconds()*(b/2*w+1) + q*t0.Seconds()*f/(1-p)
	return sent / took
}

// lossIsTimeout is PFTK's Q: the probability that a loss in a window of w segments
// ends in a timeout, because too few duplicates return.
func lossIsTimeout(p, w float64) float64 {
	x := 1 - p
	return min(1, (1-x*x*x)*(1+x*x*x*(1-math.Pow(x, w-3)))/(1-math.Pow(x, w)))
}
