//go:build !unix

package main

import "errors"

func cpuSeconds() (float64, error) {
	return 0, errors.New("CPU time cannot be measured on this system")
}
