package report

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

// A section takes the place of an earlier one, leaves other sections, and the page stays
// well-formed.
func TestWithRobustness(t *testing.T) {
	share := 0.25
	r := Robustness{Data: "a <b>", Norm: "linf", Range: "0..1", Examples: 8, Attacks: []string{"fgsm", "pgd"}, Classes: []string{"no", "<yes>"},
		Warnings: []string{"gradients & masks"}, Networks: []RobustNetwork{{Name: "final", Params: 12, NonZero: 3, Clean: 1, Targets: []int{4, 4},
			ByClass: []float64{1, 1}, Points: []RobustPoint{{Eps: 8.0 / 255, Robust: 0.5, ByClass: []float64{0.25, 0.75},
				ByAttack:  []AttackResult{{"fgsm", 0.625}, {"pgd", 0.5}},
				Certified: &share, ByMethod: []AttackResult{{"IBP", 0.25}}}},
			Shown: []Adversarial{{Example: 1, Class: "no", Predicted: "<yes>", Eps: 8.0 / 255, Attack: "pgd", Before: []byte("1"),
				After: []byte("2"), Change: []byte("3")}}}}}
	page := []byte("<html><body><p>run</p>\n<h2>Commands</h2>\n<h2>Config</h2>\n</body></html>")
	once, err := WithRobustness(page, r)
	if err != nil {
		t.Fatal(err)
	}
	r.Examples = 9
	twice, err := WithRobustness(once, r)
	if err != nil {
		t.Fatal(err)
	}
	text := string(twice)
	if strings.Count(text, "<h2>Robustness</h2>") != 1 || !strings.Contains(text, "on 9 examples") || strings.Contains(text, "on 8 examples") {
		t.Error("the section is not replaced")
	}
	if strings.Index(text, "<h2>Robustness</h2>") > strings.Index(text, "<h2>Commands</h2>") {
		t.Error("the section stands behind the config, where nobody looks")
	}
	for _, want := range []string{"<p>run</p>", "8/255", "<th>robust</th><th>under fgsm</th><th>under pgd</th><th>certified</th><th>IBP</th>",
		"<td>8/255</td><td>50.00 %</td><td>62.50 %</td><td>50.00 %</td><td>25.00 %</td><td>25.00 %</td>", "<th>at ε = 8/255</th>",
		"no → &lt;yes&gt;, ε = 8/255, pgd", "a &lt;b&gt;", "&lt;yes&gt;",
		"Warning: gradients &amp; masks", "data:image/png;base64,MQ==", "final, certified"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing", want)
		}
	}
	for d := xml.NewDecoder(strings.NewReader(text)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := WithRobustness([]byte("no page"), r); err == nil {
		t.Error("a file without a body is accepted")
	}
}

func TestEpsText(t *testing.T) {
	for eps, want := range map[float64]string{0: "0", 0.1: "0.1", 0.2: "0.2", 8.0 / 255: "8/255", 1: "1", 1.5: "1.5", 0.0123456: "0.01235"} {
		if got := EpsText(eps); got != want {
			t.Errorf("%g: %s, want %s", eps, got, want)
		}
	}
}
