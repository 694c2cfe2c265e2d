package conformance

import "errors"

// mailPlan is a mail story: a message that is sent, again and again with other seeds.
type mailPlan struct{}

func newMailPlan() *mailPlan { return &mailPlan{} }

func (m *mailPlan) add(string) error { return errors.New("not yet") }

var mailCommands []setupCommand

var mailExpect []expectCommand

func (e *expectation) parseQuantified(_, _ string) error { return errors.New("not yet") }

func (c *Case) runMail(*Result, *variant) error { return errors.New("not yet") }
