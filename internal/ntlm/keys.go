package ntlm

// Keys remembers the NTLMv2 keys of accounts, so that who logs on again and again derives
// them once, as a system does that keeps the hash of a password instead of the password. It
// belongs to one task at a time. A nil *Keys remembers nothing.
type Keys struct{ known map[account][]byte }

// account is all that a key depends on.
type account struct{ user, password, domain string }

// maxKeys bounds them: a peer chooses the domain.
//
// src: assumed (many times the accounts of one simulation)
const maxKeys = 64

// NewKeys returns an empty one for a runtime whose tasks run one at a time, and nil without
// one.
func NewKeys(runtime any) *Keys {
	if runtime == nil {
		return nil
	}
	return &Keys{known: map[account][]byte{}}
}

// of is ntowfv2; the caller must not change the key.
func (k *Keys) of(user, password, domain string) []byte {
	if k == nil {
		return ntowfv2(user, password, domain)
	}
	a := account{user, password, domain}
	key, ok := k.known[a]
	if !ok {
		if len(k.known) == maxKeys {
			clear(k.known)
		}
		key = ntowfv2(user, password, domain)
		k.known[a] = key
	}
	return key
}
