package datasets

import "math"

// targetScale is the mean and deviation of the numbers to predict in some rows of y; zero
// where targets are no numbers. A number that is constant keeps its unit.
func targetScale(task Task, y []float32, rows []int) Normalization {
	if task.Classes > 0 || task.Labels {
		return Normalization{}
	}
	column, scale := make([]float64, len(y)/task.Targets), Unit(task.Targets)
	for j := range task.Targets {
		for i := range column {
			column[i] = float64(y[i*task.Targets+j])
		}
		m := momentsOf(column, 1, rows)
		scale.Mean[j] = float32(m.mean())
		if d := float32(m.deviation()); d > 0 && !math.IsInf(float64(d), 0) {
			scale.Std[j] = d
		}
	}
	return scale
}
