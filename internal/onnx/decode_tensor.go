package onnx

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// decodeTensor reads a TensorProto.
func decodeTensor(f field) (Tensor, error) {
	var p tensorProto
	t, err := p.decode(f)
	if err != nil {
		return Tensor{}, fmt.Errorf("tensor %s: %w", quote(p.name), err)
	}
	return t, nil
}

// tensorProto holds the fields of a TensorProto while it is read.
type tensorProto struct {
	name     string
	dims     []int64
	kind     int64
	location int64
	raw      []byte
	hasRaw   bool
	floats   []float32
	ints     []int64
}

func (p *tensorProto) decode(f field) (Tensor, error) {
	if err := f.each(p.field); err != nil {
		return Tensor{}, err
	}
	if p.location != 0 {
		return Tensor{}, errors.New("values in another file are not supported")
	}
	t := Tensor{Name: p.name, Dims: p.dims}
	switch p.kind {
	case typeFloat:
		t.Floats = p.floats
		if p.hasRaw {
			t.Floats = nil
			if len(p.raw) > 0 {
				t.Floats = make([]float32, 0, len(p.raw)/4)
			}
			for b := p.raw; len(b) >= 4; b = b[4:] {
				t.Floats = append(t.Floats, math.Float32frombits(binary.LittleEndian.Uint32(b)))
			}
		}
		return t, p.check(&t, 4)
	case typeInt64:
		t.Ints = append([]int64{}, p.ints...)
		if p.hasRaw {
			t.Ints = make([]int64, 0, len(p.raw)/8)
			for b := p.raw; len(b) >= 8; b = b[8:] {
				t.Ints = append(t.Ints, int64(binary.LittleEndian.Uint64(b)))
			}
		}
		return t, p.check(&t, 8)
	}
	return Tensor{}, fmt.Errorf("element type %d is not supported (1, float32, and 7, int64, are)", p.kind)
}

func (p *tensorProto) field(f field) error {
	switch f.num {
	case tensorDims:
		return f.ints(&p.dims)
	case tensorType:
		return f.int(&p.kind)
	case tensorName:
		return f.str(&p.name)
	case tensorFloats:
		return f.floats(&p.floats)
	case tensorInts:
		return f.ints(&p.ints)
	case tensorRaw:
		m, err := f.message()
		p.raw, p.hasRaw = m.b, true
		return err
	case tensorSegment:
		return fmt.Errorf("offset %d: tensors in segments are not supported", f.offset)
	case tensorExternal:
		p.location = 1
	case tensorDataLocation:
		return f.int(&p.location)
	}
	return nil
}

// check checks that a tensor's values match its shape and element size.
func (p *tensorProto) check(t *Tensor, size int) error {
	if p.hasRaw && len(p.floats)+len(p.ints) > 0 {
		return errors.New("values are given both as raw data and in a typed field")
	}
	if len(p.raw)%size != 0 {
		return fmt.Errorf("%d bytes of raw data are not a multiple of %d", len(p.raw), size)
	}
	return t.check()
}

// check checks that the values match the shape.
func (t *Tensor) check() error {
	if t.Ints != nil && len(t.Floats) > 0 {
		return errors.New("both float32 and int64 values")
	}
	n := int64(1)
	for i, d := range t.Dims {
		if d < 0 {
			return fmt.Errorf("dimension %d is negative: %d", i, d)
		}
		if d > 0 && n > math.MaxInt64/8/d {
			return errors.New("shape has too many elements")
		}
		n *= d
	}
	if found := int64(len(t.Floats) + len(t.Ints)); n != found {
		return fmt.Errorf("shape needs %d values, found %d", n, found)
	}
	return nil
}

// decode reads a ValueInfoProto, which must describe a float32 tensor.
func (v *ValueInfo) decode(f field) error {
	var elem int64
	hasShape := false
	err := f.each(func(f field) error {
		switch f.num {
		case valueName:
			return f.str(&v.Name)
		case valueType:
			return f.each(func(f field) error { // TypeProto
				if f.num != typeTensor {
					return nil
				}
				return f.each(func(f field) error { // TypeProto.Tensor
					switch f.num {
					case tensorTypeElem:
						return f.int(&elem)
					case tensorTypeShape:
						hasShape = true
						return f.each(v.shapeField)
					}
					return nil
				})
			})
		}
		return nil
	})
	switch {
	case err != nil:
	case elem != typeFloat:
		err = fmt.Errorf("element type %d is not supported (1, float32, is)", elem)
	case !hasShape:
		err = errors.New("no shape")
	}
	if err != nil {
		return fmt.Errorf("value %s: %w", quote(v.Name), err)
	}
	return nil
}

// shapeField adds a dimension of a TensorShapeProto.
func (v *ValueInfo) shapeField(f field) error {
	if f.num != shapeDim {
		return nil
	}
	var d Dim
	err := f.each(func(f field) error {
		switch f.num {
		case dimValue:
			d.Name = ""
			return f.int(&d.Size)
		case dimParam:
			d.Size = 0
			return f.str(&d.Name)
		}
		return nil
	})
	v.Dims = append(v.Dims, d)
	return err
}
