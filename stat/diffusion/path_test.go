package diffusion

import "testing"

func TestLambdas(t *testing.T) {
	p, _ := sample(t, 6, 40, 1)
	top, err := LambdaMax(p)
	if err != nil {
		t.Fatal(err)
	}
	l, err := Lambdas(p, 3, 0.01)
	if err != nil || len(l) != 3 || l[0] != top || l[2] > top*0.0100001 || l[1] < top*0.0999 || l[1] > top*0.1001 {
		t.Errorf("%v, %v, from %v", l, err, top)
	}
	if _, err := Lambdas(p, 1, 0.1); err == nil {
		t.Error("a path of one λ was made")
	}
}
