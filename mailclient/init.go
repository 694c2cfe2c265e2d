package mailclient

import (
	"errors"
	"fmt"
	"slices"
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
	Indirect    []Indirect       // postoffices that are reached through one of Externals
	Groups      []GroupConfig    // groups of Users
}

// Indirect is a postoffice whose mail goes into the mailbag of another one.
//
// src: KB Q154783 (mail follows a route through postoffices)
type Indirect struct{ PO, Via PostofficeName }

// postoffices lists what mail can be sent to, each with the mailbag's owner.
func (c *InitConfig) postoffices() []Indirect {
	var list []Indirect
	for _, x := range c.Externals {
		list = append(list, Indirect{PO: x, Via: x})
	}
	return append(list, c.Indirect...)
}

func (c *InitConfig) validate() error {
	names := append([]string{c.Network, c.PO}, c.Users...)
	for _, x := range c.postoffices() {
		names = append(names, x.PO.Network, x.PO.PO)
	}
	for _, g := range c.Groups {
		names = append(names, g.Name)
	}
	for _, n := range names {
		if err := validateName(n); err != nil {
			return err
		}
	}
	if err := c.checkNames(); err != nil {
		return err
	}
	if n := len(c.postoffices()); len(c.Users) > maxDirectory || n > maxDirectory || len(c.Groups) > maxDirectory {
		return fmt.Errorf("%d users, %d postoffices and %d groups: at most %d each", len(c.Users), n, len(c.Groups), maxDirectory)
	}
	return nil
}

// nameKey is a name without regard to case.
func (n PostofficeName) nameKey() string { return strings.ToUpper(n.Network + "/" + n.PO) }

// checkNames refuses names that stand for the same thing, without regard to case, and
// names that stand for nothing.
func (c *InitConfig) checkNames() error {
	boxes := map[string]string{} // what a name is
	for _, u := range c.Users {
		if boxes[strings.ToUpper(u)] != "" {
			return fmt.Errorf("mailbox %s is named twice", u)
		}
		boxes[strings.ToUpper(u)] = "mailbox"
	}
	for _, g := range c.Groups {
		if boxes[strings.ToUpper(g.Name)] != "" {
			return fmt.Errorf("group %s has the name of another group or mailbox", g.Name)
		}
		boxes[strings.ToUpper(g.Name)] = "group"
		for _, m := range g.Members {
			if boxes[strings.ToUpper(m)] != "mailbox" {
				return fmt.Errorf("group %s: %s is no mailbox", g.Name, m)
			}
		}
	}
	return c.checkPostoffices()
}

func (c *InitConfig) checkPostoffices() error {
	direct := map[string]bool{}
	for _, x := range c.Externals {
		direct[x.nameKey()] = true
	}
	seen := map[string]bool{PostofficeName{c.Network, c.PO}.nameKey(): true}
	for _, x := range c.postoffices() {
		if seen[x.PO.nameKey()] {
			return fmt.Errorf("postoffice %s/%s is named twice, or is this one", x.PO.Network, x.PO.PO)
		}
		if !direct[x.Via.nameKey()] {
			return fmt.Errorf("postoffice %s/%s: there is no way to %s/%s", x.PO.Network, x.PO.PO, x.Via.Network, x.Via.PO)
		}
		seen[x.PO.nameKey()] = true
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

// mailbags gives every owner of a mailbag its number; the rest of the numbers is free.
func (c *InitConfig) mailbags() (users []Mailbag, externals []External, next ID) {
	next = 1
	for _, u := range c.Users {
		users = append(users, Mailbag{Name: u, ID: next})
		next++
	}
	bags := map[string]ID{}
	for _, x := range c.postoffices() {
		id, ok := bags[x.Via.nameKey()]
		if !ok {
			id = next
			bags[x.Via.nameKey()] = id
			next++
		}
		externals = append(externals, External{Network: x.PO.Network, PO: x.PO.PO, ID: id})
	}
	return users, externals, next
}

// files lists what Init writes, MASTER.GLB last.
func (c *InitConfig) files() []initFile {
	users, externals, next := c.mailbags()
	bags := []string{Inqueue}
	for id := ID(1); id < next; id++ {
		bags = append(bags, id.String())
	}
	var list []initFile
	for _, bag := range bags {
		list = append(list, initFile{KeyPath(bag), (&Key{}).Encode()}, initFile{MBGPath(bag), nil})
	}
	groups, members := c.groups(users, next)
	list = append(list, members...)
	if len(groups) > 0 {
		list = append(list, initFile{groupPath, encodeGroups(groups)})
	}
	next += ID(len(groups))
	return append(list,
		initFile{flagPath, make([]byte, flagSize)},
		initFile{accessPath, encodeUsers(users)},
		initFile{netPOPath, encodeExternals(externals)},
		initFile{ControlPath, (&Control{Mailbag: next, Letter: 1}).Encode()},
		initFile{MasterPath, (&Master{Network: c.Network, PO: c.PO}).Encode()},
	)
}

// groups names the groups' files from next on and fills them.
func (c *InitConfig) groups(users []Mailbag, next ID) (groups []Mailbag, files []initFile) {
	for i, g := range c.Groups {
		id := next + ID(i)
		var members []ID
		for _, u := range users {
			if slices.ContainsFunc(g.Members, func(m string) bool { return strings.EqualFold(m, u.Name) }) {
				members = append(members, u.ID)
			}
		}
		groups = append(groups, Mailbag{Name: g.Name, ID: id})
		files = append(files, initFile{memPath(id), encodeMembers(members)})
	}
	return groups, files
}
