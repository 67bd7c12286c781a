package models

import (
	"fmt"
	"strconv"
	"strings"
)

// Preset returns the model that a name stands for together with its options: a
// registered name means that model with its defaults, resnetN (resnet20) the
// ResNet of depth N.
func Preset(name string) (Model, Decode, error) {
	if digits, ok := strings.CutPrefix(name, "resnet"); ok && digits != "" {
		depth, err := strconv.Atoi(digits)
		if err == nil && depth > 0 && digits == strconv.Itoa(depth) {
			return ResNet{}, func(into any) error {
				m, ok := into.(*ResNet)
				if !ok {
					return fmt.Errorf("resnet: its options cannot be read into %T", into)
				}
				m.Depth = depth
				return nil
			}, nil
		}
	}
	m, err := Lookup(name)
	if err != nil {
		return nil, nil, fmt.Errorf("%w, and resnetN of depth N = 8, 14, 20, …", err)
	}
	return m, func(any) error { return nil }, nil
}
