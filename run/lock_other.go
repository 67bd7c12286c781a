//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package run

// lock does nothing where the system has no advisory locks of files.
func (f Folder) lock() (release func(), err error) { return func() {}, nil }
