package guard

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"pare/internal/table"
)

// TestStudents adds columns that have nothing to do with grades to the student
// data. Over seeds each guard has to find the prior grade and to keep the
// columns of noise out beyond its promise.
func TestStudents(t *testing.T) {
	root := os.Getenv("PARE_DATA")
	if root == "" {
		t.Skip("set PARE_DATA to a folder with real data")
	}
	path := filepath.Join(root, "student", "student-mat.csv")
	if _, err := os.Stat(path); err != nil {
		t.Skip(err)
	}
	students, err := table.Read(path, table.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if students, err = students.Encode(table.Encoding{Text: true, Reference: true}); err != nil {
		t.Fatal(err)
	}
	y, err := students.Target("G3")
	if err != nil {
		t.Fatal(err)
	}
	if students, err = students.Drop("G3"); err != nil {
		t.Fatal(err)
	}
	names := students.Names()
	real := len(names)
	added := []string{"shoe size", "pollen count", "noise"}
	const seeds = 20
	chosen, err := MostChosen(real+len(added), 25, 0.8, 0.1)
	if err != nil {
		t.Fatal(err)
	}
	guards := map[string]func(x Matrix, rng *rand.Rand) ([]int, error){
		"knockoffs": func(x Matrix, rng *rand.Rand) ([]int, error) {
			s, err := Knockoffs(x, y, KnockoffOptions{Q: 0.1, Liberal: true, Statistic: SignedMax(lassoPath, 50, 0.01)}, rng)
			if err != nil {
				return nil, err
			}
			return s.Selected, nil
		},
		"stability": func(x Matrix, rng *rand.Rand) ([]int, error) {
			s, err := Stability(x, y, FirstEntered(lassoPath, chosen, 0.3), StabilityOptions{Pairs: 25, Threshold: 0.8}, rng)
			if err != nil {
				return nil, err
			}
			return s.Selected, nil
		},
		"permutation": func(x Matrix, rng *rand.Rand) ([]int, error) {
			z, _, _ := x.standardized()
			s, err := PermutationLambda(z, y, PermutationOptions{Level: 0.1, Count: 199}, rng)
			if err != nil {
				return nil, err
			}
			return s.Selected, nil
		},
	}
	for name, guard := range guards {
		t.Run(name, func(t *testing.T) {
			noise, grade, total := 0, 0, 0
			count := map[string]int{}
			for seed := range seeds {
				rng := rand.New(rand.NewPCG(uint64(seed), 17))
				with := students
				for k, name := range added {
					v := make([]float64, len(y))
					for i := range v {
						v[i] = rng.NormFloat64()
						if k == 0 {
							v[i] = float64(36 + rng.IntN(10))
						} else if k == 1 {
							v[i] = rng.ExpFloat64()
						}
					}
					if with, err = with.With(name, v); err != nil {
						t.Fatal(err)
					}
				}
				m, err := with.Matrix()
				if err != nil {
					t.Fatal(err)
				}
				selected, err := guard(Matrix{Rows: m.Rows, Cols: len(m.Names), Data: m.Data}, rng)
				if err != nil {
					t.Fatal(err)
				}
				total += len(selected)
				for _, j := range selected {
					count[m.Names[j]]++
					if j >= real {
						noise++
					}
				}
				if slices.Contains(selected, slices.Index(m.Names, "G2")) {
					grade++
				}
			}
			t.Logf("noise selected %d times in %d runs, G2 in %d, %.1f columns a run: %v", noise, seeds, grade, float64(total)/seeds, count)
			// A tenth of the selection may be false, of noise and of columns
			// whose truth nobody knows.
			if noise > max(2, total/10) {
				t.Errorf("noise was selected %d times in %d runs", noise, seeds)
			}
			if grade < seeds-1 {
				t.Errorf("G2 was selected in %d of %d runs", grade, seeds)
			}
		})
	}
}
