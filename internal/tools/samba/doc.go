// Package samba runs real peers for live tests: a throwaway Samba server that
// still speaks SMB1, smbclient, and tshark as a judge of captures.
//
// Model: one Server is one smbd on a free port of 127.0.0.1 with all of its
// state in a temporary directory; nothing of the machine's own Samba is read or
// changed. The server ends with the test that started it, and so do the
// processes that it forked.
//
// Limits: Samba 4.17 serves NT LM 0.12 and the LANMAN dialects, not the core
// ones; it offers no MPX; it binds the loopback interface only,
// unless it has a Place of its own. Files are created by the user that runs the
// test. Linux only, because the tree of processes is read from /proc.
//
// A tool that is not installed skips the test, which says how to install it;
// `make test` installs the packages when it runs as root on Debian.
package samba
