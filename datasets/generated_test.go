package datasets

import (
	"math"
	"runtime"
	"slices"
	"sync"
	"testing"
)

func loadSmall(t testing.TB, name string, o opts) *Set {
	t.Helper()
	o.Train, o.Validation, o.Test = max(o.Train, 60), max(o.Validation, 50), max(o.Test, 40)
	set, err := load(t.Context(), name, o)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// fill gives the examples of a part one by one.
func fill(t testing.TB, set *Set, p Part, draw Draw) (x, y [][]float32) {
	t.Helper()
	for i := range p.Len() {
		in, out := make([]float32, set.Task.Size()), make([]float32, set.Task.Targets)
		if err := p.Fill(in, out, []int{i}, draw); err != nil {
			t.Fatal(err)
		}
		x, y = append(x, in), append(y, out)
	}
	return x, y
}

func TestAdding(t *testing.T) {
	for _, length := range []int{0, 2, 3, 51} {
		set := loadSmall(t, "adding", opts{Length: length, Train: 2000})
		if length == 0 {
			length = 100
		}
		if task := set.Task; !slices.Equal(task.Input, []int{2, length}) || task.Classes != 0 || task.Targets != 1 || task.Vocabulary != 0 {
			t.Errorf("task %+v", task)
		}
		marked := map[int]int{}
		square := 0.0
		x, y := fill(t, set, set.Train, Draw{Augment: true})
		for i, x := range x {
			sum := 0.0
			var marks []int
			for s := range length {
				if v := x[2*s]; v < 0 || v >= 1 {
					t.Fatalf("value %v", v)
				}
				switch x[2*s+1] {
				case 1:
					marks = append(marks, s)
					sum += float64(x[2*s])
				case 0:
				default:
					t.Fatalf("mark %v", x[2*s+1])
				}
			}
			if len(marks) != 2 || marks[0] >= length/2 || marks[1] < length/2 {
				t.Fatalf("length %d: marks at %v", length, marks)
			}
			marked[marks[0]]++
			marked[marks[1]]++
			if math.Abs(sum-float64(y[i][0])) > 1e-6 {
				t.Fatalf("target %v, the sum is %v", y[i][0], sum)
			}
			square += (sum - 1) * (sum - 1) / 2000
		}
		if len(marked) != length {
			t.Errorf("length %d: %d steps are marked at some time", length, len(marked))
		}
		if math.Abs(square-1.0/6) > 0.02 {
			t.Errorf("answering 1 has a mean square error of %v, want 1/6", square)
		}
	}
	for want, o := range map[string]opts{
		"length must be at least 2 and at most 1048576, got 1": {Length: 1}, "got 2000000": {Length: 2000000}, "got -1": {Length: -1},
	} {
		_, err := load(t.Context(), "adding", o)
		wantError(t, err, "adding", want)
	}
}

func TestCopy(t *testing.T) {
	for _, o := range []opts{{}, {Length: 1, Symbols: 1}, {Length: 7, Symbols: 3}} {
		set := loadSmall(t, "copy", o)
		symbols, blanks := 10, 100
		if o.Length > 0 {
			symbols, blanks = o.Symbols, o.Length
		}
		steps := 2*symbols + blanks + 1
		if task := set.Task; !slices.Equal(task.Input, []int{1, steps}) || task.Classes != 10 || task.Targets != steps || task.Vocabulary != 10 || task.NextToken {
			t.Errorf("task %+v", task)
		}
		seen := map[float32]bool{}
		x, y := fill(t, set, set.Train, Draw{Augment: true})
		for i, x := range x {
			for s, v := range x {
				switch {
				case s < symbols:
					if seen[v] = true; v < 0 || v > 7 || v != float32(int(v)) {
						t.Fatalf("symbol %v", v)
					}
				case s == symbols+blanks:
					if v != copyDelimiter {
						t.Fatalf("%v in place of the delimiter", v)
					}
				case v != copyBlank:
					t.Fatalf("%v in place of a blank at step %d", v, s)
				}
			}
			for s, v := range y[i] {
				want := float32(copyBlank)
				if at := s - (symbols + blanks + 1); at >= 0 {
					want = x[at]
				}
				if v != want {
					t.Fatalf("target %v at step %d, want %v", v, s, want)
				}
			}
		}
		if len(seen) != 8 {
			t.Errorf("%d symbols come up, want 8", len(seen))
		}
	}
	for want, o := range map[string]opts{
		"symbols must be at least 1 and at most 1048576, got 2000000": {Symbols: 2000000}, "symbols must be at least 1 and at most 1048576, got -1": {Symbols: -1}, "length must be at least 1 and at most 1048576, got 2000000": {Length: 2000000},
	} {
		_, err := load(t.Context(), "copy", o)
		wantError(t, err, "copy", want)
	}
}

// TestGeneratedDraws: training examples are new in each epoch, for each seed of the loader
// and of the data; others never change. Parts differ.
func TestGeneratedDraws(t *testing.T) {
	for _, d := range []string{"adding", "copy"} {
		set, other := loadSmall(t, d, opts{Seed: 1}), loadSmall(t, d, opts{Seed: 2})
		first := func(set *Set, p Part, draw Draw) string {
			x, _ := fill(t, set, p, draw)
			return string(floatBytes(x[3]))
		}
		seen := map[string]bool{}
		for seed := range uint64(3) {
			for epoch := range uint64(3) {
				seen[first(set, set.Train, Draw{seed, epoch, true})] = true
			}
		}
		for _, p := range []Part{set.Train, set.Validation, set.Test, other.Train, other.Validation, other.Test} {
			s := first(set, p, Draw{})
			if first(set, p, Draw{Seed: 5, Epoch: 6}) != s {
				t.Errorf("%s: examples of an evaluation change", d)
			}
			seen[s] = true
		}
		seen[first(other, other.Train, Draw{0, 0, true})] = true
		if len(seen) != 16 {
			t.Errorf("%s: %d different examples, want 16", d, len(seen))
		}
		if larger := loadSmall(t, d, opts{Seed: 1, Train: 100}); first(larger, larger.Train, Draw{}) != first(set, set.Train, Draw{}) {
			t.Errorf("%s: a larger part does not begin with the smaller one", d)
		}
	}
}

func floatBytes(x []float32) (out []byte) {
	for _, v := range x {
		bits := math.Float32bits(v)
		out = append(out, byte(bits), byte(bits>>8), byte(bits>>16), byte(bits>>24))
	}
	return out
}

// TestPartsAlone: an example does not depend on its batch, nor on who else fills one.
func TestPartsAlone(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	for name, set := range map[string]*Set{
		"adding": loadSmall(t, "adding", opts{Length: 9}), "copy": loadSmall(t, "copy", opts{Length: 9, Symbols: 2}),
		"wordchain": loadSmall(t, "wordchain", opts{}), "text": mustText(t, someText(), opts{Window: 8}),
		"streams": mustText(t, someText(), opts{Window: 8, Carry: true}),
		"images":  loadSmall(t, "digits", opts{}),
	} {
		for _, draw := range []Draw{{}, {3, 4, true}} {
			x, y := fill(t, set, set.Train, draw)
			var workers sync.WaitGroup
			for w := range 4 {
				workers.Go(func() {
					idx := []int{w, 7, 7, 3, set.Train.Len() - 1 - w}
					in, out := make([]float32, 5*set.Task.Size()+1), make([]float32, 5*set.Task.Targets+1)
					in[len(in)-1], out[len(out)-1] = -7, -7
					for range 20 {
						if err := set.Train.Fill(in, out, idx, draw); err != nil {
							t.Error(err)
						}
						for k, i := range idx {
							if !slices.Equal(in[k*set.Task.Size():][:set.Task.Size()], x[i]) || !slices.Equal(out[k*set.Task.Targets:][:set.Task.Targets], y[i]) {
								t.Errorf("%s: example %d differs at place %d", name, i, k)
							}
						}
						if in[len(in)-1] != -7 || out[len(out)-1] != -7 {
							t.Errorf("%s writes behind the examples", name)
						}
					}
				})
			}
			workers.Wait()
		}
		n, m := set.Task.Size(), set.Task.Targets
		in, out := make([]float32, n), make([]float32, m)
		wantError(t, set.Train.Fill(in[:n-1], out, []int{0}, Draw{}), "batch: x has")
		wantError(t, set.Train.Fill(in, out[:m-1], []int{0}, Draw{}), "batch: x has")
		wantError(t, set.Train.Fill(in, out, []int{set.Train.Len()}, Draw{}), "at place 0", "examples")
		wantError(t, set.Train.Fill(in, out, []int{-1}, Draw{}), "index -1")
	}
}

func TestSetValidate(t *testing.T) {
	good := loadSmall(t, "copy", opts{})
	for want, change := range map[string]func(*Set){
		"no training examples":      func(s *Set) { s.Train = nil },
		"no shape":                  func(s *Set) { s.Task.Input = nil },
		"axis that is not positive": func(s *Set) { s.Task.Input = []int{1, 0} },
		"0 targets":                 func(s *Set) { s.Task.Targets = 0 },
		"shape {1, T}":              func(s *Set) { s.Task.Input = []int{2, 3} },
		"2 names for a vocabulary":  func(s *Set) { s.Task.Alphabet = []string{"a", "b"} },
		"next token is one of 9":    func(s *Set) { s.Task.NextToken, s.Task.Classes = true, 9 },
		"10 names for 9 classes":    func(s *Set) { s.Task.Classes = 9 },
		"gives 3 values an example": func(s *Set) { s.Recipe = &ArrayRecipe{Shape: []int{3}, Channels: 1} },
		"2 names of numbers":        func(s *Set) { s.TargetNames = []string{"a", "b"} },
	} {
		bad := *good
		change(&bad)
		wantError(t, bad.validate(), want)
	}
}
