package mailclient

// lookAtMessage opens the message file of a record and its attachments and judges them.
// The error is for a transport that broke.
func (e *Evidence) lookAtMessage(fs FS, r *Record) (*MAI, Judgement, error) {
	f, err := find(nil, fs, MAIPath(r.MAI), maxMAI+1, nil)
	if err != nil {
		return nil, Judgement{}, err
	}
	m, j := e.judgeMessage(f, r)
	if !j.Passed() || m == nil {
		return m, j, nil
	}
	j, err = lookAtAttachments(fs, m.Attachments)
	return m, j, err
}

func lookAtAttachments(fs FS, refs []AttachmentRef) (Judgement, error) {
	for _, a := range refs {
		f, err := find(nil, fs, ATTPath(a.ID), maxATT+1, nil)
		if err != nil {
			return Judgement{}, err
		}
		if j := judgeAttachment(f, a); !j.Passed() {
			return j, nil
		}
	}
	return Judgement{}, nil
}
