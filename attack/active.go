package attack

// pick keeps the elements of v at some of n places, in ascending order; an element is a run of
// len(v)/n values. It works in place.
func pick[T any](v []T, n int, places []int) []T {
	if len(places) == n {
		return v
	}
	width := len(v) / n
	for to, from := range places {
		copy(v[to*width:][:width], v[from*width:][:width])
	}
	return v[:len(places)*width]
}

// openPlaces are the places in rows of examples that are open.
func (s *Search) openPlaces(rows []int) []int {
	places := make([]int, 0, len(rows))
	for i, row := range rows {
		if s.open[row] {
			places = append(places, i)
		}
	}
	return places
}
