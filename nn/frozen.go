package nn

import (
	"sync"

	"pare/internal/kernel/sparse"
)

// Frozen holds parameters in the forms that kernels read, such as panels of a matrix. Programs
// that are compiled with the same Frozen share them: each form is made once, from the values at
// that time, so the parameters must not change as long as such programs run. The zero value is
// empty; compiling with it is safe from several goroutines.
type Frozen struct {
	// Zeros decides by break-even where layers skip zeros of their input and of their weights; nil:
	// layers run the kernels of programs whose parameters may change.
	Zeros *sparse.Calibration

	mu    sync.Mutex
	forms map[frozenKey]any
}

type frozenKey struct {
	param *Param
	form  any
}

// Freezer is a plan of a kernel that can take a parameter in a form made ahead of its calls.
type Freezer interface {
	// FrozenForm names the form, as a comparable value: plans that name the same one for a
	// parameter share it. nil: the plan reads the parameter as it is.
	FrozenForm() any
	// Freeze makes the form of the values of the parameter.
	Freeze(values []float32) any
	// UseFrozen makes the plan read a form that Freeze has made, and no longer the parameter.
	UseFrozen(form any)
}

// Frozen reports whether parameters keep their values for the life of the program, so that a
// layer may choose kernels by them and compute from them in Build; see CompileOptions.
func (b *Builder) Frozen() bool { return b.frozen != nil }

// Zeros decides where a layer may skip zeros of its input and of its weights; nil: nowhere.
func (b *Builder) Zeros() *sparse.Calibration {
	if !b.Frozen() {
		return nil
	}
	return b.frozen.Zeros
}

// Freeze gives a plan its parameter in its form, where the program is compiled with frozen
// parameters; in other programs it does nothing.
func (b *Builder) Freeze(p *Param, plan Freezer) {
	if !b.Frozen() {
		return
	}
	form := plan.FrozenForm()
	if form == nil {
		return
	}
	plan.UseFrozen(MakeFrozen(b, p, form, func() any { return plan.Freeze(p.Data()) }))
}

// MakeFrozen returns the value that belongs to a form of a parameter: of an earlier program, or
// else of the function. The program must be compiled with frozen parameters.
func MakeFrozen[T any](b *Builder, p *Param, form any, value func() T) T {
	f := b.frozen
	f.mu.Lock()
	defer f.mu.Unlock()
	key := frozenKey{p, form}
	if v, ok := f.forms[key]; ok {
		return v.(T)
	}
	if f.forms == nil {
		f.forms = map[frozenKey]any{}
	}
	v := value()
	f.forms[key] = v
	return v
}
