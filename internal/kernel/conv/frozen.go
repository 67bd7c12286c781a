package conv

import "pare/internal/kernel/parallel"

// freezer is an imagePlan that packs its weights. Its form is everything that the packed weights
// depend on besides their values and the kernel.
type freezer interface {
	form() any
	freeze(w []float32) []float32
	useFrozen(packed []float32)
}

// FrozenForm is the form of the weights that Freeze makes and UseFrozen takes for Forward: plans
// with equal forms may share the result. It does not depend on the number of images, or only by
// the method. nil: the method reads the weights as they are.
func (c *Plan) FrozenForm() any {
	if f, ok := c.planForward().(freezer); ok {
		return f.form()
	}
	return nil
}

// Freeze packs weights for UseFrozen.
func (c *Plan) Freeze(w []float32) any { return c.planForward().(freezer).freeze(w[:c.weightLen()]) }

// UseFrozen makes all calls of Forward read weights that Freeze has packed: they pack nothing.
func (c *Plan) UseFrozen(packed any) { c.planForward().(freezer).useFrozen(packed.([]float32)) }

type directForm struct{ groups int }

func (e *direct) form() any { return directForm{e.groups} }

func (e *direct) freeze(w []float32) []float32 {
	p, n := *e, e.newNarrowPanel()
	p.w, p.packed = w, make([]float32, e.packedSize)
	parallel.Run(len(p.phases)*p.groups*p.panels, func(task int) { p.pack(0, task) })
	if n != nil {
		narrow := make([]float32, e.groups*n.size)
		n.pack(narrow, w, e.groups, e.out.c)
		return append(p.packed, narrow...)
	}
	return p.packed
}

func (e *direct) useFrozen(packed []float32) {
	e.packed, e.frozen = packed, true
	if n := e.newNarrowPanel(); n != nil {
		n.packed = packed[e.packedSize:]
		e.narrow = n
	}
}

type winogradForm struct{}

func (e *winogradConv) form() any { return winogradForm{} }

func (e *winogradConv) freeze(w []float32) []float32 {
	p := *e
	p.w, p.u, p.ws = w, make([]float32, e.transformed()), make([]winogradWorker, 1)
	for panel := range p.panels {
		p.pack(0, panel)
	}
	size, whole := e.tail.size(e.in.c), len(p.u)/16
	packed := make([]float32, 16*size)
	for k := range 16 {
		e.tail.pack(packed[k*size:][:size], p.u[k*whole:][:whole], e.in.c)
	}
	return packed
}

func (e *winogradConv) useFrozen(packed []float32) { e.u, e.frozen = packed, true }
