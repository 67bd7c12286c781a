package dense

import (
	"os"
	"runtime"

	"golang.org/x/sys/cpu"
)

// useAVX2 selects the assembly kernels. It is set once at start-up; tests flip it to
// compare the two implementations. PARE_KERNELS=portable in the environment clears it.
var useAVX2 = runtime.GOARCH == "amd64" && cpu.X86.HasAVX2 && cpu.X86.HasFMA &&
	os.Getenv("PARE_KERNELS") != "portable"
