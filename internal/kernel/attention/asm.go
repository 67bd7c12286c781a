package attention

// stripsAVX2 is runGo for at least one strip, in one panel, with fused products.
// Meanwhile it fetches a row at s.ahead for each strip.
//
//go:noescape
func stripsAVX2(s *strips, count int)
