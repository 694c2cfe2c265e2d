package volume

import "syscall"

// hostSpace asks the host; 0, 0 if it does not tell.
func hostSpace(path string) (total, free int64) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(path, &st); err != nil {
		return 0, 0
	}
	size := int64(st.Bsize) //nolint:unconvert // it is an int32 on 32-bit hosts
	return int64(st.Blocks) * size, int64(st.Bavail) * size
}
