package nn

// Work counts the multiply-accumulates that the kernels of a program execute where they skip zeros.
// A program compiled with CompileOptions.Work adds to it in every run. The zero value is empty.
type Work struct {
	// Layers are the layers whose kernels count, by name; the work of others is not counted.
	Layers map[string]*LayerWork
}

// LayerWork is the work of a layer.
type LayerWork struct {
	MACs int64 // executed in all runs
	// Within is the layer whose operation computes this one as well; "": it has its own.
	Within string
}

// Counts returns the place where the kernel of the layer being built adds the multiply-accumulates
// that it executes; nil: the program does not count.
func (b *Builder) Counts() *int64 { return b.CountsOf(b.layer) }

// CountsOf is Counts for another layer, which the layer being built computes in its operation.
func (b *Builder) CountsOf(layer string) *int64 {
	if b.work == nil {
		return nil
	}
	if b.work.Layers == nil {
		b.work.Layers = map[string]*LayerWork{}
	}
	w := &LayerWork{}
	if layer != b.layer {
		w.Within = b.layer
	}
	b.work.Layers[layer] = w
	return &w.MACs
}
