package parallel

// pause tells the processor that the caller spins.
func pause()
