package f64

import "os"

// useAVX2 selects the assembly kernels; tests flip it.
var useAVX2 = haveAVX2() && os.Getenv("PARE_KERNELS") != "portable"
