package option_test

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pare/internal/option"
)

type shape interface{ area() float64 }

type square struct {
	Side float64 `yaml:"side" range:"(0,)" doc:"length of a side"`
}

type circle struct {
	Radius float64 `yaml:"radius" range:"(0,)"`
	Thick  float64 `yaml:"thick,omitempty" range:"(0,1)"`
}

func (s *square) area() float64 { return s.Side * s.Side }
func (c *circle) area() float64 { return math.Pi * c.Radius * c.Radius }

func (c *circle) Validate() error {
	if c.Thick > c.Radius {
		return option.Errorf("thick", "is more than the radius")
	}
	return nil
}

var shapes = option.NewKinds[shape]("shape")

func init() {
	shapes.Register("square", "four equal sides", func() shape { return &square{Side: 1} })
	shapes.Register("circle", "one curve", func() shape { return &circle{Radius: 1} })
}

type common struct {
	Color string `yaml:"color" enum:"red,green"`
}

type drawing struct {
	Type   string    `yaml:"type" required:"true" doc:"the shape"`
	Names  []string  `yaml:"names,omitempty" list:"single" empty:"no"`
	Sizes  []float64 `yaml:"sizes,omitempty" range:"[1,)"`
	hidden int
	Secret int `yaml:"-"`
	common
	Shape shape   `kind:"type"`
	Next  *common `yaml:"next,omitempty"`
}

func TestKinds(t *testing.T) {
	if got := shapes.Names(); !slices.Equal(got, []string{"circle", "square"}) ||
		shapes.Doc("circle") != "one curve" || shapes.Doc("x") != "" {
		t.Errorf("kinds: %v, %q", got, shapes.Doc("circle"))
	}
	a, err := shapes.New("square")
	if err != nil || a.area() != 1 {
		t.Errorf("square: %v, %v", a, err)
	}
	if b, _ := shapes.New("square"); a == b {
		t.Error("two squares are one")
	}
	for name, want := range map[string]string{
		"sqare": `unknown shape "sqare"; did you mean square? known: circle, square`,
		"prism": `unknown shape "prism"; known: circle, square`,
	} {
		if _, err := shapes.New(name); err == nil || err.Error() != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, register := range map[string]func(){
		"taken":    func() { shapes.Register("circle", "", func() shape { return &circle{} }) },
		"empty":    func() { shapes.Register("", "", func() shape { return &circle{} }) },
		"spaces":   func() { shapes.Register("a b", "", func() shape { return &circle{} }) },
		"registry": func() { option.NewKinds[shape]("shape") },
		"tag": func() {
			option.Fields(reflect.ValueOf(struct {
				A int `range:"1,2"`
			}{}))
		},
		"no kind": func() {
			option.ChoiceOf(reflect.ValueOf(struct {
				A shape `kind:"type"`
			}{}))
		},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			register()
		}()
	}
}

type dot struct {
	At int `yaml:"at"`
}

func (dot) area() float64 { return 0 }

type open struct {
	dot
	Door func() `yaml:"door"`
}

type twofold struct {
	dot
	Again int `yaml:"at"`
}

// A kind that could not be used is refused where it is registered.
func TestFault(t *testing.T) {
	for want, v := range map[string]any{
		"":                         &circle{},
		"its function returns nil": (*circle)(nil),
		"its options cannot be set in a option_test.dot; return a pointer":                                              dot{},
		"its option door is a func(), which no config holds; tag the field yaml:\"-\" or change its type":               &open{},
		"two of its options have the key at":                                                                            &twofold{},
		"its option m is a map[int]string, which no config holds; tag the field yaml:\"-\" or change its type":          &struct{ M map[int]string }{},
		"its option a is a []struct { C chan int }, which no config holds; tag the field yaml:\"-\" or change its type": &struct{ A []struct{ C chan int } }{},
	} {
		if got := option.Fault(v); got != want {
			t.Errorf("%T: %q, want %q", v, got, want)
		}
	}
	if got := option.Fault(struct{ fmt.Stringer }{}); got != "" {
		t.Errorf("an embedded interface: %s", got)
	}
	if got := option.Fault(struct{}{}); got != "" {
		t.Errorf("a kind without options that is no pointer: %s", got)
	}
	if got := option.Fault(nil); got != "its function returns nil" {
		t.Errorf("nil: %q", got)
	}
	for name, register := range map[string]func(){
		"no function": func() { shapes.Register("none", "", nil) },
		"nil":         func() { shapes.Register("none", "", func() shape { return nil }) },
	} {
		func() {
			defer func() {
				if text := fmt.Sprint(recover()); !strings.Contains(text, `shape "none" cannot be registered`) {
					t.Errorf("%s: panic %s", name, text)
				}
			}()
			register()
		}()
	}
}

func TestFields(t *testing.T) {
	d := drawing{hidden: 1, Shape: &circle{}}
	var keys []string
	for _, f := range option.Fields(reflect.ValueOf(&d)) {
		keys = append(keys, f.Key)
	}
	if want := strings.Fields("type names sizes color radius thick next"); !slices.Equal(keys, want) {
		t.Errorf("fields %v, want %v", keys, want)
	}
	c, ok := option.ChoiceOf(reflect.ValueOf(&d).Elem())
	if !ok || c.Key != "type" || c.Set("square") != nil || d.Type != "square" || d.Shape.area() != 1 {
		t.Errorf("choice %+v: %+v", c, d)
	}
	if err := c.Set("prism"); err == nil || d.Type != "square" {
		t.Errorf("choice of a prism: %v, %+v", err, d)
	}
}

func TestCheck(t *testing.T) {
	good := func() *drawing { return &drawing{Type: "circle", common: common{"red"}, Shape: &circle{Radius: 1}} }
	if err := option.Check(good()); err != nil {
		t.Error(err)
	}
	for want, change := range map[string]func(*drawing){
		"type is missing; it is the shape":                            func(d *drawing) { d.Type = "" },
		`color must be red or green, got "rde"; did you mean red?`:    func(d *drawing) { d.Color = "rde" },
		"sizes.1 must be at least 1, got 0.5":                         func(d *drawing) { d.Sizes = []float64{1, 0.5} },
		"radius must be above 0, got 0":                               func(d *drawing) { d.Shape = &circle{} },
		"thick must be above 0 and below 1, got 1":                    func(d *drawing) { d.Shape = &circle{Radius: 1, Thick: 1} },
		"thick is more than the radius":                               func(d *drawing) { d.Shape = &circle{Radius: 0.1, Thick: 0.5} },
		"names must not be empty; remove the key to have its default": func(d *drawing) { d.Names = []string{} },
		`next.color must be red or green, got "blue"`:                 func(d *drawing) { d.Next = &common{"blue"} },
		"side must be a finite number, got NaN":                       func(d *drawing) { d.Shape = &square{math.NaN()} },
		"side is too large for single precision: 1e+39":               func(d *drawing) { d.Shape = &square{1e39} },
		"side is too small for single precision: 1e-60":               func(d *drawing) { d.Shape = &square{1e-60} },
	} {
		d := good()
		change(d)
		if err := option.Check(d); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestSchema(t *testing.T) {
	data, err := json.Marshal(option.Schema(reflect.ValueOf(drawing{Type: "circle"})))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"oneOf":[`, `"const":"circle"`, `"const":"square"`, `"radius":{"default":1,"exclusiveMinimum":0,"type":"number"}`,
		`"thick":{"exclusiveMaximum":1,"exclusiveMinimum":0,"type":"number"}`, `"color":{"enum":["red","green"],"type":"string"}`,
		`"names":{"anyOf":[{"minLength":1,"type":"string"},{"items":{"type":"string"},"minItems":1,"type":"array"}]}`,
		`"required":["type"]`, `"side":{"default":1,"description":"length of a side"`,
	} {
		if !strings.Contains(string(data), want) {
			t.Errorf("the schema lacks %s: %s", want, data)
		}
	}
}
