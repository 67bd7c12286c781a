package report

import (
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"math"
	"slices"

	"pare/report/chart"
)

// Robustness is how networks of a run withstand adversarial examples: attack.json, the JSON of pare
// attack, and a section of the report.
type Robustness struct {
	Source   string   `json:"source"`   // path of the attacked source, as given
	Data     string   `json:"data"`     // name of the data
	Norm     string   `json:"norm"`     // linf or l2
	Range    string   `json:"range"`    // of valid values, in words
	Examples int      `json:"examples"` // attacked: the first ones of the test set
	Seed     uint64   `json:"seed"`     // of the random numbers of attacks
	Attacks  []string `json:"attacks"`  // names of the attacks
	Classes  []string `json:"classes"`  // their names
	// Networks are the network before pruning, where there is one, and the final one.
	Networks []RobustNetwork `json:"networks"`
	Warnings []string        `json:"warnings"` // of gradient masking; none: []
	Notes    []string        `json:"notes"`    // none: []
}

// RobustNetwork is the outcome for one network. Accuracies are shares of the examples.
type RobustNetwork struct {
	Name    string         `json:"name"`                // trained, final or, without a run, network
	Params  int64          `json:"params"`              // trainable values
	NonZero int64          `json:"nonzero"`             // trainable values that are not 0
	Clean   float64        `json:"clean"`               // accuracy without an attack
	Targets []int          `json:"class_examples"`      // examples of each class
	ByClass []float64      `json:"clean_by_class"`      // accuracy of each class without an attack
	Points  []RobustPoint  `json:"points"`              // by ascending eps
	Shown   []Adversarial  `json:"pictures,omitempty"`  // of images; nil: there are none
	Radius  *RadiusSummary `json:"lipschitz,omitempty"` // nil: bounds were not asked for
}

// RobustPoint is the outcome at one size of perturbations.
type RobustPoint struct {
	Eps      float64        `json:"eps"`             // size of perturbations
	Robust   float64        `json:"robust"`          // accuracy under all attacks together
	ByClass  []float64      `json:"robust_by_class"` // the same of each class
	ByAttack []AttackResult `json:"by_attack"`       // accuracy under each attack
	// Certified is the share of the examples for which it is proved that no perturbation of the size
	// changes the right decision; nil: not asked for.
	Certified *float64       `json:"certified,omitempty"`
	ByMethod  []AttackResult `json:"by_method,omitempty"` // certified by each method alone, or by those before it; nil: not asked for
}

// AttackResult is the accuracy under an attack, or certified by a method, of a name.
type AttackResult struct {
	Name     string  `json:"name"`     // of the attack or method
	Accuracy float64 `json:"accuracy"` // share of the examples
}

// RadiusSummary are certified radii by the product of operator norms.
type RadiusSummary struct {
	Constant *float64 `json:"constant"`      // Lipschitz constant of the outputs; nil where a layer has a jump
	Median   float64  `json:"median_radius"` // of all examples; 0 for those that are wrong without an attack
}

// Adversarial is an example that an attack has changed.
type Adversarial struct {
	Example   int     `json:"example"`   // its number in the test set, from 0
	Class     string  `json:"class"`     // name of its class
	Predicted string  `json:"predicted"` // for the changed example
	Eps       float64 `json:"eps"`       // size of the perturbation
	Attack    string  `json:"attack"`    // that found it
	// PNG picture of the example
	Before []byte `json:"before"`
	// PNG picture of the changed example
	After []byte `json:"after"`
	// PNG picture of the difference, grey where there is none
	Change []byte `json:"change"`
}

//go:embed style/robustness.html
var robustnessText string

var robustnessTemplate = template.Must(template.New("robustness").Funcs(template.FuncMap{
	"count": func(n int) string { return Count(int64(n)) }, "eps": EpsText,
	"png": func(b []byte) template.URL {
		return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(b))
	},
}).Parse(robustnessText))

// Title names the network in a text.
func (n RobustNetwork) Title() string {
	if n.Name == "network" { // of a source that is no run
		return n.Name
	}
	return n.Name + " network"
}

// Line is the outcome in a line: clean, robust and certified accuracy.
func (n RobustNetwork) Line() string {
	text := "clean " + Percent(n.Clean)
	for _, p := range n.Points {
		text += fmt.Sprintf("; at %s robust %s", EpsText(p.Eps), Percent(p.Robust))
		if p.Certified != nil {
			text += ", certified " + Percent(*p.Certified)
		}
	}
	return text
}

// EpsText writes the size of a perturbation, as a number of 255ths where it is one and no short
// decimal.
func EpsText(eps float64) string {
	k := math.Round(eps * 255)
	if short := fmt.Sprintf("%g", eps); len(short) > 6 && k < 255 && math.Abs(eps*255-k) < 1e-9 {
		return fmt.Sprintf("%g/255", k)
	}
	return fmt.Sprintf("%.4g", eps)
}

// WithRobustness returns a page that Write has written with a section on robustness at its end, in
// place of an earlier one.
func WithRobustness(page []byte, r Robustness) ([]byte, error) {
	return withSection(page, "robustness", robustnessTemplate, struct {
		Robustness
		Figure figure
		Tables []*classTable
	}{r, r.figure(), append([]*classTable{r.sizesTable()}, r.classTables()...)})
}

// Chart draws accuracies against the size of perturbations.
func (r Robustness) Chart() chart.Chart {
	c := chart.Chart{Title: "Accuracy under attack", X: "size of perturbations, " + r.Norm, Y: "accuracy, %", Percent: true, Zero: true}
	for _, n := range r.Networks {
		robust := chart.Curve{Name: n.Name + ", robust", Dots: true, X: []float64{0}, Y: []float64{n.Clean}}
		certified := chart.Curve{Name: n.Name + ", certified", Dots: true, X: []float64{0}, Y: []float64{n.Clean}}
		for _, p := range n.Points {
			if p.Eps == 0 {
				continue
			}
			robust.X, robust.Y = append(robust.X, p.Eps), append(robust.Y, p.Robust)
			if p.Certified != nil {
				certified.X, certified.Y = append(certified.X, p.Eps), append(certified.Y, *p.Certified)
			}
		}
		c.Curves = append(c.Curves, robust)
		if len(certified.X) > 1 {
			c.Curves = append(c.Curves, certified)
		}
	}
	return c
}

func (r Robustness) figure() figure {
	c := r.Chart()
	return figure{c.Title, template.HTML(c.Inline())}
}

// sizesTable has the accuracy of each network at each size, by attack and by method of proof.
func (r Robustness) sizesTable() *classTable {
	t := &classTable{Title: "Sizes of perturbations", Head: []string{"network", "parameters", "not 0", "clean", "ε", "robust"}}
	for _, name := range r.Attacks {
		t.Head = append(t.Head, "under "+name)
	}
	var methods []string // of the network with bounds, where there is one
	for _, n := range r.Networks {
		for _, p := range n.Points {
			if methods == nil && p.Certified != nil {
				for _, m := range p.ByMethod {
					methods = append(methods, m.Name)
				}
				t.Head = append(append(t.Head, "certified"), methods...)
			}
		}
	}
	for _, n := range r.Networks {
		for _, p := range n.Points {
			row := []string{n.Name, Count(n.Params), Count(n.NonZero), Percent(n.Clean), EpsText(p.Eps), Percent(p.Robust)}
			for _, a := range p.ByAttack {
				row = append(row, Percent(a.Accuracy))
			}
			if p.Certified != nil {
				row = append(row, Percent(*p.Certified))
				for _, m := range p.ByMethod {
					row = append(row, Percent(m.Accuracy))
				}
			}
			for len(row) < len(t.Head) {
				row = append(row, "–")
			}
			t.Rows = append(t.Rows, row)
		}
	}
	return t
}

// classTables have the accuracy of each class at each size, a table for each network.
func (r Robustness) classTables() []*classTable {
	var out []*classTable
	for _, n := range r.Networks {
		if len(n.ByClass) == 0 {
			continue
		}
		t := &classTable{Title: "Classes of the " + n.Title(), Head: []string{"class", "examples", "clean"}}
		for _, p := range n.Points {
			t.Head = append(t.Head, "at ε = "+EpsText(p.Eps))
		}
		order := make([]int, len(n.ByClass))
		for i := range order {
			order[i] = i
		}
		if len(order) > maxClassRows && len(n.Points) > 0 { // those that an attack of the largest size hurts most
			last := n.Points[len(n.Points)-1].ByClass
			slices.SortStableFunc(order, func(a, b int) int {
				switch {
				case last[a] < last[b]:
					return -1
				case last[a] > last[b]:
					return 1
				}
				return 0
			})
			t.Note = fmt.Sprintf("The %d of %s that are the least robust.", maxClassRows, Count(int64(len(order))))
			order = order[:maxClassRows]
		}
		share := func(class int, v float64) string {
			if n.Targets[class] == 0 {
				return "–"
			}
			return Percent(v)
		}
		for _, k := range order {
			row := []string{Classes{Names: r.Classes}.name(k), Count(int64(n.Targets[k])), share(k, n.ByClass[k])}
			for _, p := range n.Points {
				row = append(row, share(k, p.ByClass[k]))
			}
			t.Rows = append(t.Rows, row)
		}
		out = append(out, t)
	}
	return out
}
