package kernel

import "os"

// useAVX2 selects the assembly kernels. It is set once at start-up; tests flip
// it to compare the two implementations.
var useAVX2 = haveAVX2() && os.Getenv("PARE_KERNELS") != "portable"

// Features names the instruction set in use: "avx2+fma" or "portable".
// Setting PARE_KERNELS=portable in the environment forces the latter.
func Features() string {
	if useAVX2 {
		return "avx2+fma"
	}
	return "portable"
}
