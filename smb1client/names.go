package smb1client

import (
	"github.com/ntrdr/ntrdr/internal/nt"
	"github.com/ntrdr/ntrdr/internal/smbwire"
)

// searchFiles and searchAll are SearchAttributes: which entries a name may mean beside
// ordinary files.
//
// src: [MS-CIFS] §2.2.1.2.4
const (
	searchFiles = nt.AttrHidden | nt.AttrSystem
	searchAll   = searchFiles | nt.AttrDirectory
)

// Delete deletes a file.
func (t *Tree) Delete(path string) error {
	_, err := t.request("delete", path,
		&smbwire.DeleteRequest{SearchAttributes: searchFiles, FileName: rooted(path)})
	return err
}

// Rename renames a file or directory; to must not exist.
func (t *Tree) Rename(from, to string) error {
	_, err := t.request("rename", from, &smbwire.RenameRequest{
		SearchAttributes: searchAll, OldFileName: rooted(from), NewFileName: rooted(to),
	})
	return err
}

// Mkdir creates a directory.
func (t *Tree) Mkdir(path string) error {
	_, err := t.request("mkdir", path, &smbwire.CreateDirectoryRequest{DirectoryName: rooted(path)})
	return err
}

// Rmdir deletes an empty directory.
func (t *Tree) Rmdir(path string) error {
	_, err := t.request("rmdir", path, &smbwire.DeleteDirectoryRequest{DirectoryName: rooted(path)})
	return err
}

// CheckDirectory returns nil if path is a directory.
func (t *Tree) CheckDirectory(path string) error {
	_, err := t.request("check directory", path, &smbwire.CheckDirectoryRequest{DirectoryName: rooted(path)})
	return err
}
