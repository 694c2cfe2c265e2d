package mailclient

import (
	"errors"
	"fmt"
	"time"

	"github.com/ntrdr/ntrdr/internal/trace"
)

// errNothing says that the outbound mailbag is empty.
var errNothing = errors.New("no mail to send")

// Run sends the oldest message of the outbound mailbag: one attempt a cycle until it is
// announced or the retries are used up, when its sender gets [005]. With an empty
// mailbag it returns at once and Told is ToldNone.
//
// src: KB Q119884 (retries), Q163401 ([005])
func (s *Sender) Run() Result {
	s.update(func(r *Result) { *r = Result{} })
	if err := s.load(); err != nil {
		s.update(func(r *Result) { r.Err = err })
		return s.Progress()
	}
	if s.cfg.Spooler != nil {
		s.cfg.Spooler.awaitIdle(s.cfg.Runtime, nil)
	}
	for {
		a := &attempt{s: s, remote: &tracedFS{fs: s.cfg.Remote, actor: s.cfg.Trace, onCall: s.cfg.OnCall}}
		err := a.run()
		if errors.Is(err, errNothing) {
			return s.nothing()
		}
		s.update(func(r *Result) { r.Attempts++ })
		if err == nil {
			s.update(func(r *Result) { r.Told = ToldSuccess })
			return s.Progress()
		}
		s.update(func(r *Result) { r.Err = err })
		s.cfg.Trace.Emit(trace.Event{Kind: trace.AppNote, Text: "abandons the attempt: " + err.Error()})
		if refused, ok := errors.AsType[*refusal](err); ok {
			return s.giveUp(a, refused.code)
		}
		if s.Progress().Attempts > s.cfg.Retries {
			return s.giveUp(a, CodeRetryCount)
		}
		s.cfg.Runtime.Sleep(s.pause(err))
	}
}

// pause is the wait before the next attempt: that of an MTA, or of a client's spooler.
//
// src: KB Q148707 (cycle), Q86100 (spooler)
func (s *Sender) pause(err error) time.Duration {
	if s.cfg.Spooler != nil {
		return s.cfg.Spooler.pause(err)
	}
	return s.cfg.Cycle
}

// nothing ends a run whose message is not, or no longer, in the mailbag: another
// program that dispatches for this postoffice has taken it.
func (s *Sender) nothing() Result {
	s.update(func(r *Result) { r.Err = nil })
	return s.Progress()
}

// log records a line of SESSION.LOG.
func (s *Sender) log(format string, args ...any) {
	if s.cfg.Trace.Wants(trace.MailLog) {
		s.cfg.Trace.Emit(trace.Event{Kind: trace.MailLog, Text: fmt.Sprintf(format, args...)})
	}
}

// giveUp tells the sender why the message is not sent and takes it out of the local
// queue.
//
// src: KB Q119884, Q136004 (a second code beside [005])
func (s *Sender) giveUp(last *attempt, code Code) Result {
	failure := notice{
		at: s.cfg.Runtime.Now(), record: last.record,
		code: code, target: s.cfg.RemoteNetwork + " /" + s.cfg.RemotePO,
	}
	if e, ok := errors.AsType[*localError](s.Progress().Err); ok {
		failure.also = e.code
		if isMissing(e.err) {
			failure.details = []string{e.missingLine()}
		}
	}
	if last.envelope != nil {
		failure.from, _ = last.envelope.Originator()
		failure.rcpts = last.envelope.Recipients()
	} else if last.record != nil {
		failure.from = s.localSender(last.record)
	}
	s.update(func(r *Result) { r.Told, r.Code, r.Also, r.NDR = ToldError, code, failure.also, failure.entry() })
	s.cfg.Trace.Emit(trace.Event{Kind: trace.Verdict, Op: code.String(), Text: code.Line(failure.target)})
	if last.record == nil {
		return s.Progress() // not even the local mailbag could be read
	}
	err := errors.Join(
		appendLog(s.cfg.Local, systemLogPath, failure.entry()),
		last.dropLocal(),
		failure.send(s.cfg.Local, s.dir, &s.local, last.mai),
	)
	if err != nil {
		s.log("Failure queuing diagnostic data back to sender due to: %v", err)
	}
	return s.Progress()
}

// localSender is who wrote a message of which only the record is left, if it was a user
// of this postoffice.
func (s *Sender) localSender(r *Record) Address {
	a := Address{s.dir.self.Network, s.dir.self.PO, r.Sender}
	if _, ok := s.dir.user(a); !ok {
		return Address{}
	}
	return a
}
