//go:build unix

package main

import "syscall"

// cpuSeconds is the user CPU time of the process so far.
func cpuSeconds() (float64, error) {
	var u syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return float64(u.Utime.Sec) + float64(u.Utime.Usec)/1e6, err
}
