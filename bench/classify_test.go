package bench_test

import (
	"testing"

	"github.com/ntrdr/ntrdr/bench"
	"github.com/ntrdr/ntrdr/mailclient"
)

func TestClassify(t *testing.T) {
	code := func(c ...mailclient.Code) []mailclient.Code { return c }
	rows := []struct {
		name   string
		o      bench.Observation
		want   bench.Outcome
		silent bool
	}{
		{"sent and read", bench.Observation{Told: mailclient.ToldSuccess, Copies: 1}, bench.Delivered, false},
		{"sent twice and read twice", bench.Observation{Told: mailclient.ToldSuccess, Copies: 2}, bench.Delivered, false},
		{"[023] after success", bench.Observation{Told: mailclient.ToldSuccess, Raised: code(mailclient.CodeBadMessageFile)}, bench.Corrupted, true},
		{"[023], then a retry is read", bench.Observation{Told: mailclient.ToldSuccess, Raised: code(mailclient.CodeBadMessageFile), Copies: 1}, bench.Corrupted, true},
		{"[023] and told an error", bench.Observation{Told: mailclient.ToldError, Raised: code(mailclient.CodeBadMessageFile)}, bench.Corrupted, false},
		{"[001]", bench.Observation{Told: mailclient.ToldSuccess, Raised: code(mailclient.CodeUndeliverable)}, bench.Corrupted, true},
		{"[012]", bench.Observation{Told: mailclient.ToldSuccess, Raised: code(mailclient.CodeCorruptMessage)}, bench.Corrupted, true},
		{"[016]", bench.Observation{Told: mailclient.ToldSuccess, Raised: code(mailclient.CodeNoMessageFile)}, bench.Corrupted, true},
		{"[018]", bench.Observation{Told: mailclient.ToldSuccess, Raised: code(mailclient.CodeNoAttachment)}, bench.Corrupted, true},
		{"[021]", bench.Observation{Told: mailclient.ToldSuccess, Raised: code(mailclient.CodeNoRoutingFile)}, bench.Corrupted, true},
		{"[024]", bench.Observation{Told: mailclient.ToldSuccess, Raised: code(mailclient.CodeBadRoutingFile)}, bench.Corrupted, true},
		{"[005] but a copy arrived", bench.Observation{Told: mailclient.ToldError, Raised: code(mailclient.CodeRetryCount), Copies: 1}, bench.Delivered, false},
		{"[005]", bench.Observation{Told: mailclient.ToldError, Raised: code(mailclient.CodeRetryCount)}, bench.Failed, false},
		{"success and nothing arrived", bench.Observation{Told: mailclient.ToldSuccess}, bench.Lost, true},
		{"a forbidden state, and whole in the end", bench.Observation{Told: mailclient.ToldSuccess, Forbidden: 1, Copies: 1}, bench.Corrupted, true},
		{"a forbidden state, and told an error", bench.Observation{Told: mailclient.ToldError, Forbidden: 2}, bench.Corrupted, false},
		{"still trying", bench.Observation{Told: mailclient.ToldNone}, bench.Pending, false},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			if got, silent := bench.Classify(r.o); got != r.want || silent != r.silent {
				t.Errorf("got %s silent=%v, want %s silent=%v", got, silent, r.want, r.silent)
			}
		})
	}
}
