package fault

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

type stripes struct{ side int }

func (s *stripes) load(values []int) (err error) {
	defer Recover(&err)
	if s.side < 0 {
		panic("side is negative")
	}
	for i := range s.side {
		values[i]++
	}
	return nil
}

func TestRecover(t *testing.T) {
	for side, want := range map[int]string{0: "", -1: "side is negative", 3: "runtime error: index out of range [2] with length 2"} {
		err := (&stripes{side}).load(make([]int, 2))
		if want == "" {
			if err != nil {
				t.Error(err)
			}
			continue
		}
		var p *Panic
		if !errors.As(fmt.Errorf("data: %w", err), &p) {
			t.Fatalf("side %d: %v is no Panic", side, err)
		}
		if p.Functions[0] != "pare/internal/fault.(*stripes).load" || !bytes.Contains(p.Trace, []byte("fault_test.go")) {
			t.Errorf("side %d: functions %q, trace\n%s", side, p.Functions, p.Trace)
		}
		line := p.Error()
		if !strings.HasPrefix(line, "panic in pare/internal/fault.(*stripes).load (fault_test.go:") || !strings.HasSuffix(line, "): "+want) {
			t.Errorf("side %d: %s", side, line)
		}
	}
}

// TestPassedOn: a Panic that another goroutine passes on keeps the place where it began.
func TestPassedOn(t *testing.T) {
	first := (&stripes{-1}).load(nil)
	second := func() (err error) {
		defer Recover(&err)
		panic(first)
	}()
	if second != first {
		t.Errorf("%v, want %v", second, first)
	}
}
