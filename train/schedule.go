package train

import "math"

// scheduleKind is a row of the registry. make returns the factor on the base
// rate after the warm-up.
type scheduleKind struct {
	Kind
	make func(s ScheduleSpec, epochs float64) func(epoch float64) float64
}

func schedules() []scheduleKind { return []scheduleKind{constantKind, stepKind, cosineKind} }

var constantKind = scheduleKind{
	Kind: Kind{Name: "constant", Doc: "the same rate throughout", Options: []string{"warmup"}},
	make: func(ScheduleSpec, float64) func(float64) float64 {
		return func(float64) float64 { return 1 }
	},
}

var stepKind = scheduleKind{
	Kind: Kind{Name: "step", Doc: "multiplied by gamma at milestones or every so many epochs",
		Options: []string{"warmup", "milestones", "every", "gamma"}},
	make: func(s ScheduleSpec, _ float64) func(float64) float64 {
		gamma := orDefault(s.Gamma, 0.1)
		return func(epoch float64) float64 {
			drops := 0.0
			if s.Every > 0 {
				drops = math.Floor(epoch / s.Every)
			}
			for _, m := range s.Milestones {
				if epoch >= m {
					drops++
				}
			}
			return math.Pow(gamma, drops)
		}
	},
}

// The cosine falls from the end of the warm-up to the end of training
// (Loshchilov & Hutter 2017, without restarts).
var cosineKind = scheduleKind{
	Kind: Kind{Name: "cosine", Doc: "half a cosine wave down to a share min of the rate", Options: []string{"warmup", "min"}},
	make: func(s ScheduleSpec, epochs float64) func(float64) float64 {
		return func(epoch float64) float64 {
			t := 1.0
			if epoch < epochs {
				t = (epoch - s.Warmup) / (epochs - s.Warmup)
			}
			return s.Min + (1-s.Min)*0.5*(1+math.Cos(math.Pi*t))
		}
	},
}
