package nn_test

import (
	"testing"

	"pare/nn"
)

// TestSlotReads: which slices weigh a unit and which compute it.
func TestSlotReads(t *testing.T) {
	square := []int{3, 3, 3}
	for _, c := range []struct {
		axes []nn.Axis
		want []bool
	}{
		{[]nn.Axis{nn.AxisIn, nn.AxisOther, nn.AxisOut}, []bool{true, false, false}},
		{[]nn.Axis{nn.AxisOut, nn.AxisOther, nn.AxisOut}, []bool{true, false, false}},
		{[]nn.Axis{nn.AxisOther, nn.AxisOut, nn.AxisIn}, []bool{false, false, true}},
	} {
		p := nn.NewParam("p", nn.RoleWeight, square, c.axes...)
		for axis, want := range c.want {
			if got := (nn.Slot{Param: p, Axis: axis}).Reads(); got != want {
				t.Errorf("axes %v: the slice along axis %d reads: %t, expected %t", c.axes, axis, got, want)
			}
		}
	}
}
