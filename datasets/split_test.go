package datasets

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestSplit: parts are apart, as large as asked for, have each class in proportion, and
// depend on the seed.
func TestSplit(t *testing.T) {
	class := make([]int, 1000)
	for i := range class {
		class[i] = min(i/400, 2) // 400, 400 and 200 examples
	}
	o := Options{Test: 0.2, Validation: 100, Seed: 1}
	train, validation, test, err := o.split(1000, class, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(train) != 700 || len(validation) != 100 || len(test) != 200 {
		t.Fatalf("%d, %d and %d examples", len(train), len(validation), len(test))
	}
	count := func(part []int) (n [3]int) {
		for _, i := range part {
			n[class[i]]++
		}
		return n
	}
	if count(test) != [3]int{80, 80, 40} || count(validation) != [3]int{40, 40, 20} {
		t.Errorf("classes: %v of test, %v of validation", count(test), count(validation))
	}
	all := slices.Sorted(slices.Values(slices.Concat(train, validation, test)))
	if len(slices.Compact(all)) != 1000 || !slices.IsSorted(train) {
		t.Error("parts overlap or are out of order")
	}
	_, _, again, _ := o.split(1000, class, nil)
	if !slices.Equal(again, test) {
		t.Error("a second split differs")
	}
	o.Seed = 2
	if _, _, other, _ := o.split(1000, class, nil); slices.Equal(other, test) {
		t.Error("another seed gives the same split")
	}
	o.Train = 0.5
	if train, _, _, err = o.split(1000, class, nil); len(train) != 500 || err != nil {
		t.Errorf("half of all are %d: %v", len(train), err)
	}
}

// Groups stay whole, and parts come near to their amounts.
func TestSplitGroups(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	class, group := make([]int, 500), make([]int, 500)
	for i := range group {
		group[i] = r.IntN(60) * 7
		class[i] = group[i] % 2
	}
	train, validation, test, err := Options{Test: 0.2, Validation: 0.1}.split(500, class, group)
	if err != nil || len(train)+len(validation)+len(test) != 500 {
		t.Fatalf("%d, %d and %d examples: %v", len(train), len(validation), len(test), err)
	}
	if len(test) < 85 || len(test) > 115 || len(validation) < 35 || len(validation) > 65 {
		t.Errorf("%d test and %d validation examples", len(test), len(validation))
	}
	part := map[int]int{}
	for p, examples := range [][]int{train, validation, test} {
		for _, i := range examples {
			if was, ok := part[group[i]]; ok && was != p {
				t.Fatalf("group %d is in two parts", group[i])
			}
			part[group[i]] = p
		}
	}
}

func TestSplitErrors(t *testing.T) {
	for _, c := range []struct {
		o    Options
		says string
	}{
		{Options{Test: 10}, "test leaves nothing of the 10 examples"},
		{Options{Test: 0.5, Validation: 0.5}, "validation leaves nothing"},
		{Options{Train: 9, Test: 0.2}, "train is too large"},
	} {
		_, _, _, err := c.o.split(10, nil, nil)
		wantError(t, err, c.says)
	}
	_, _, _, err := Options{Test: 1}.split(10, nil, make([]int, 10))
	wantError(t, err, "test gets none")
}

// TestAmountSome: a part of its own gives all its examples, or as many of each class as a share says.
func TestAmountSome(t *testing.T) {
	class := make([]int, 100)
	for i := range class {
		class[i] = i / 60
	}
	if all, err := Amount(0).some("test", 100, class, 1); err != nil || len(all) != 100 || !slices.IsSorted(all) {
		t.Errorf("all: %v, %v", all, err)
	}
	half, err := Amount(0.5).some("test", 100, class, 1)
	first := 0
	for _, i := range half {
		first += 1 - class[i]
	}
	if err != nil || len(half) != 50 || first != 30 {
		t.Errorf("half: %d examples, %d of the first class, %v", len(half), first, err)
	}
	_, err = Amount(101).some("test", 100, class, 1)
	wantError(t, err, "test 101 is more than the 100 test examples")
}
