package app

import (
	"os"
	"runtime/debug"
	"testing"
	"time"
)

var testStart = time.Now()

func TestProcessAge(t *testing.T) {
	age, since := processAge(), time.Since(testStart)
	if age < since-time.Second/clockTicks || age > since+time.Minute {
		t.Errorf("the process is said to be %v old, its tests are %v", age, since)
	}
}

func TestPeakMemory(t *testing.T) {
	const size = 64 << 20
	before := peakMemory()
	block := make([]byte, size)
	for i := 0; i < size; i += os.Getpagesize() {
		block[i] = 1
	}
	after := peakMemory()
	if before <= 0 || after < size || after < before || block[0] != 1 {
		t.Errorf("peak of %d bytes before and %d after %d were used", before, after, size)
	}
	block = nil
	debug.FreeOSMemory()
	if err := resetPeakMemory(); err != nil {
		t.Skipf("the peak cannot be reset here: %v", err)
	}
	if got := peakMemory(); got > after-size/2 {
		t.Errorf("the peak is %d bytes after a reset, %d before it", got, after)
	}
}
