package models_test

import (
	"errors"
	"fmt"
	"regexp"
	"testing"

	"pare/config"
)

// TestZerosThatWouldBeDefaults: options of layers and models whose zero value is a
// default refuse a zero, an empty text and null that somebody wrote, and point to it.
func TestZerosThatWouldBeDefaults(t *testing.T) {
	place := regexp.MustCompile(`^f\.yaml:2:\d+: model\.`)
	refused := func(name, value string, err error) {
		var e *config.Error
		if err == nil || !errors.As(err, &e) || !place.MatchString(err.Error()) {
			t.Errorf("%s: %s: error %v, want one with the line and the column", name, value, err)
		}
	}
	for kind, keys := range map[string][]string{"conv": {"kernel", "stride", "groups"}, "depthwise": {"kernel", "stride", "multiplier"},
		"maxpool": {"kernel", "stride"}, "avgpool": {"kernel", "stride"}, "batchnorm": {"eps", "momentum"}, "layernorm": {"eps", "width"},
		"rmsnorm": {"eps", "width"}, "groupnorm": {"groups", "eps", "width"}, "instancenorm": {"eps"}, "leaky_relu": {"slope"},
		"attention": {"scale"}, "add": {"units"}, "position": {"units"}, "rnn": {"nonlinearity"}} {
		for _, key := range keys {
			values := []string{"0", "null"}
			if key == "nonlinearity" {
				values[0] = "''"
			}
			for _, value := range values {
				_, err := config.Parse("f.yaml", []byte(fmt.Sprintf("data: {dataset: digits}\nmodel: {layers: [{%s: {%s: %s}}]}\n", kind, key, value)))
				refused(kind+"."+key, value, err)
			}
		}
	}
	for name, keys := range map[string][]string{"resnet": {"depth"}, "transformer": {"hidden"}, "rnn": {"embedding"},
		"lstm": {"embedding"}, "mlp": {}} {
		for _, key := range append(keys, "dropout") {
			values := []string{"0", "null"}
			if key == "dropout" {
				if name == "resnet" {
					continue
				}
				values = values[1:] // 0 is none
			}
			for _, value := range values {
				_, err := config.Parse("f.yaml", []byte(fmt.Sprintf("data: {dataset: digits}\nmodel: {type: %s, %s: %s}\n", name, key, value)))
				refused(name+"."+key, value, err)
			}
		}
	}
}
