package option_test

import (
	"encoding/json"
	"math"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"pare/internal/option"
)

func TestParseNumber(t *testing.T) {
	for text, want := range map[string]float64{
		"0.1": 0.1, "8/255": 8.0 / 255, " 8 / 255 ": 8.0 / 255, "-1e1/4": -2.5, "1/0": math.Inf(1), "inf": math.Inf(1),
	} {
		if v, err := option.ParseNumber(text); err != nil || v != want {
			t.Errorf("%q: %v, %v; want %v", text, v, err, want)
		}
	}
	for _, text := range []string{"", "/", "8/", "/255", "8/255/2", "0/0", "nan", "8:255", "eight/255"} {
		if _, err := option.ParseNumber(text); err == nil || err.Error() != `"`+text+`" is neither a number nor a fraction, such as 8/255` {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// The schema allows the fractions that are read, and no other texts.
func TestFractionSchema(t *testing.T) {
	data, err := json.Marshal(option.Schema(reflect.ValueOf(struct {
		Eps []float64 `yaml:"eps" range:"[0,)" fraction:"yes"`
	}{})))
	if err != nil {
		t.Fatal(err)
	}
	var s struct {
		Properties struct {
			Eps struct {
				Items struct {
					AnyOf []struct{ Type, Pattern string }
				}
			}
		}
	}
	if err := json.Unmarshal(data, &s); err != nil {
		t.Fatal(err)
	}
	forms := s.Properties.Eps.Items.AnyOf
	if len(forms) != 2 || forms[0].Type != "number" || forms[1].Type != "string" {
		t.Fatalf("the schema is %s", data)
	}
	pattern := regexp.MustCompile(forms[1].Pattern)
	for _, text := range []string{"8/255", " 8 / 255 ", "1e-1/.4", "8", "8/", "/255", "8/255/2", "a/b", "1./2", "./2", "--1/2"} {
		_, err := option.ParseNumber(text)
		if want := err == nil && strings.Contains(text, "/"); pattern.MatchString(text) != want {
			t.Errorf("%q: read %v, in the schema %v", text, want, !want)
		}
	}
}
