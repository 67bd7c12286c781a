package kernel

// forwardTask takes some sequences through all positions.
func (r *recurrence) forwardTask(worker, task int) {
	s := &r.scratch[worker]
	lo, hi := r.sequences(task)
	rows, h, pitch := hi-lo, r.H, r.statePitch()
	for i := range rows {
		copy(s.state[i*pitch:][:h], r.h[(lo+i)*h:])
		if r.cells != nil {
			copy(r.cells[(lo+i)*h:][:h], r.c[(lo+i)*h:])
		}
	}
	for t := range r.T {
		r.weights.mul(s.product, r.gatePitch(), s.state, pitch, rows, r.bias, false)
		for i := range rows {
			state := s.state[i*pitch:][:h]
			if r.train {
				copy(r.before[r.place(lo+i, t)*h:][:h], state)
			}
			r.step(lo+i, t, state, s.product[i*r.gatePitch():])
			copy(r.y[((lo+i)*r.T+t)*h:][:h], state)
		}
	}
	for i := range rows {
		copy(r.h[(lo+i)*h:][:h], s.state[i*pitch:])
		if r.cells != nil {
			copy(r.c[(lo+i)*h:][:h], r.cells[(r.T*r.N+lo+i)*h:])
		}
	}
}

// step replaces the state of sequence n by that at position t.
func (r *recurrence) step(n, t int, state, product []float32) {
	at := r.place(n, t)
	gates, x := r.inputs(at, product)
	switch r.Cell {
	case TanhCell:
		tanhStep(state, x, product)
	case ReLUCell:
		reluStep(state, x, product)
	case LSTMCell:
		c0, c1 := r.cellsAround(n, t)
		lstmStep(gates, x, product, c0, c1, state)
	case GRUCell:
		kept := product[2*r.H:][:r.H]
		if r.hidden != nil {
			kept = r.kept(at)
		}
		gruStep(gates, x, product, kept, state)
	}
}

// inputs returns the products of the input at a place and where the gates go.
func (r *recurrence) inputs(at int, product []float32) (gates, x []float32) {
	g := r.width()
	gates = product
	if r.gates != nil {
		gates = r.gates[at*g:][:g]
	}
	if r.table == nil {
		return gates, gates
	}
	return gates, r.table[int(r.rows[at])*g:][:g]
}

// cellsAround returns the cells of an LSTM before and after a position: one and
// the same unless gradients need them all.
func (r *recurrence) cellsAround(n, t int) (c0, c1 []float32) {
	if r.cells == nil {
		c := r.c[n*r.H:][:r.H]
		return c, c
	}
	at := t*r.N + n
	return r.cells[at*r.H:][:r.H], r.cells[(at+r.N)*r.H:][:r.H]
}

// kept is where a GRU keeps the recurrent product of gate n at a place.
func (r *recurrence) kept(at int) []float32 {
	return r.hidden[at*3*r.H+2*r.H:][:r.H]
}

// backwardTask takes the gradients of some sequences back to the first position.
func (r *recurrence) backwardTask(worker, task int) {
	s := &r.scratch[worker]
	lo, hi := r.sequences(task)
	rows, h, pitch := hi-lo, r.H, r.statePitch()
	clear(s.gradient)
	clear(s.cell)
	for t := r.T - 1; t >= 0; t-- {
		for i := range rows {
			gradient := s.gradient[i*pitch:][:h]
			at := ((lo+i)*r.T + t) * h
			if r.dh != nil {
				addSlice(r.dh[at:][:h], r.dy[at:], gradient)
			}
			r.stepBack(s, i, lo+i, t, gradient)
		}
		if t > 0 {
			r.back.mul(s.gradient, pitch, s.product, r.gatePitch(), rows, nil, r.Cell == GRUCell)
		}
	}
}

// stepBack computes the gradients of the pre-activations of sequence n at
// position t, in its row i of scratch and where the products with the weights
// read them.
func (r *recurrence) stepBack(s *recurrentScratch, i, n, t int, dh []float32) {
	g, at := r.width(), r.place(n, t)
	gates, d := r.gates[at*g:][:g], s.product[i*r.gatePitch():][:g]
	out := (n*r.T + t) * r.H
	y, dy := r.y[out:][:r.H], r.dy[out:][:r.H]
	switch r.Cell {
	case TanhCell:
		tanhStepBack(d, y, dy, dh)
	case ReLUCell:
		reluStepBack(d, y, dy, dh)
	case LSTMCell:
		c0, c1 := r.cellsAround(n, t)
		lstmStepBack(d, gates, c0, c1, dy, dh, s.cell[i*r.H:][:r.H])
	case GRUCell:
		gruStepBack(d, gates, r.kept(at), r.before[at*r.H:][:r.H], dy, dh)
		copy(r.hidden[at*g:][:g], d)
		copy(gates[:2*r.H], d)
		return
	}
	copy(gates, d)
}
