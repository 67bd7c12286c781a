package sparse

// BreakEven is the share of values that are not 0 up to which skipping the others is
// faster than the dense product: 0 never skips, 1 always.
type BreakEven struct {
	Row  float64 // of products of few rows, which wait for weights
	Rows float64 // of products of many rows, which compute
}

// DefaultBreakEven holds the shares measured on a Zen 4 core.
var DefaultBreakEven = BreakEven{Row: 0.9, Rows: 0.38}
