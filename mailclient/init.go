package mailclient

import (
	"errors"
	"fmt"
	"strings"
)

// ErrExists says that there is a postoffice already.
var ErrExists = errors.New("a postoffice exists here")

// PostofficeName names another postoffice.
type PostofficeName struct{ Network, PO string }

// InitConfig says what postoffice to make.
type InitConfig struct {
	Network, PO string
	Users       []string         // mailboxes
	Externals   []PostofficeName // postoffices that mail can be sent to
}

func (c *InitConfig) validate() error {
	names := append([]string{c.Network, c.PO}, c.Users...)
	for _, x := range c.Externals {
		names = append(names, x.Network, x.PO)
	}
	for _, n := range names {
		if err := validateName(n); err != nil {
			return err
		}
	}
	if err := c.checkNames(); err != nil {
		return err
	}
	if len(c.Users) > maxDirectory || len(c.Externals) > maxDirectory {
		return fmt.Errorf("%d users and %d postoffices: at most %d each", len(c.Users), len(c.Externals), maxDirectory)
	}
	return nil
}

// checkNames refuses names that stand for the same thing, without regard to case.
func (c *InitConfig) checkNames() error {
	users := map[string]bool{}
	for _, u := range c.Users {
		k := strings.ToUpper(u)
		if users[k] {
			return fmt.Errorf("mailbox %s is named twice", u)
		}
		users[k] = true
	}
	key := func(n PostofficeName) string { return strings.ToUpper(n.Network + "/" + n.PO) }
	seen := map[string]bool{key(PostofficeName{c.Network, c.PO}): true}
	for _, x := range c.Externals {
		if seen[key(x)] {
			return fmt.Errorf("postoffice %s/%s is named twice, or is this one", x.Network, x.PO)
		}
		seen[key(x)] = true
	}
	return nil
}

// Init makes an empty postoffice: the directories, the configuration files, INQUEUE3, a
// mailbag for each user and an outbound mailbag for each other postoffice. It is
// ErrExists if there is one. MASTER.GLB, whose presence makes a postoffice, is written
// last, so an Init that was interrupted can be repeated.
//
// src: KB Q132744 (MASTER.GLB), Q104279 (an empty mailbag is 560 zeros and nothing)
func Init(fs FS, cfg InitConfig) error {
	if err := cfg.validate(); err != nil {
		return err
	}
	if err := refuseExisting(fs); err != nil {
		return err
	}
	if err := makeDirs(fs); err != nil {
		return err
	}
	for _, f := range cfg.files() {
		if err := writeFile(fs, f.path, createAnyway, f.content); err != nil {
			return err
		}
	}
	return nil
}

// refuseExisting is ErrExists if there is a postoffice. An empty MASTER.GLB is what an
// Init leaves that broke off between the file's creation and its only write.
func refuseExisting(fs FS) error {
	info, err := fs.Stat(MasterPath)
	switch {
	case isMissing(err) || err == nil && info.Size == 0:
		return nil
	case err != nil:
		return fmt.Errorf("stat %s: %w", MasterPath, err)
	}
	return fmt.Errorf("%s: %w", MasterPath, ErrExists)
}

func makeDirs(fs FS) error {
	for _, d := range Dirs() {
		if err := fs.Mkdir(d); err != nil && !isCollision(err) {
			return fmt.Errorf("mkdir %s: %w", d, err)
		}
	}
	return nil
}

// initFile is one file of a new postoffice.
type initFile struct {
	path    string
	content []byte
}

// files lists what Init writes, MASTER.GLB last.
func (c *InitConfig) files() []initFile {
	next := ID(1)
	bags := []string{Inqueue}
	take := func() ID {
		id := next
		next++
		bags = append(bags, id.String())
		return id
	}
	var users []Mailbag
	for _, u := range c.Users {
		users = append(users, Mailbag{Name: u, ID: take()})
	}
	var externals []External
	for _, x := range c.Externals {
		externals = append(externals, External{Network: x.Network, PO: x.PO, ID: take()})
	}
	var list []initFile
	for _, bag := range bags {
		list = append(list, initFile{KeyPath(bag), (&Key{}).Encode()}, initFile{MBGPath(bag), nil})
	}
	return append(list,
		initFile{flagPath, make([]byte, flagSize)},
		initFile{accessPath, encodeUsers(users)},
		initFile{netPOPath, encodeExternals(externals)},
		initFile{ControlPath, (&Control{Mailbag: next, Letter: 1}).Encode()},
		initFile{MasterPath, (&Master{Network: c.Network, PO: c.PO}).Encode()},
	)
}
