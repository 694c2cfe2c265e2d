package bench

import (
	"errors"

	"github.com/ntrdr/ntrdr/internal/registry"
)

// SMB2 names the policy under which the sender is no redirector of ours but go-smb2, on
// the same link: the modern baseline. It has no registry values.
//
// What its row means: each call of the application is on the wire before it returns, and
// what is durable is what was told. A write is cut into WRITEs of at most 1 MB, as many
// credits as the server has granted at a time, one after the other. It is not Windows'
// SMB2 client, which caches under leases, writes behind and keeps several WRITEs on the
// wire.
const SMB2 = "smb2"

// ErrLiveOnly says why a simulated trial under SMB2 is refused.
var ErrLiveOnly = errors.New(SMB2 + " is live only: go-smb2 speaks to a real server over real TCP, and a simulated world has neither")

// SMB2On returns the settings that stand for SMB2. The edition is that of the Mailer.
func SMB2On(e registry.Edition) Settings { return (&registry.Policy{Name: SMB2}).On(e) }

// IsSMB2 reports whether settings stand for SMB2. The name is reserved.
func IsSMB2(s Settings) bool { return s.Policy != nil && s.Policy.Name == SMB2 }
