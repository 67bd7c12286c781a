package train

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"

	"pare/nn"
)

// A checkpoint file is
//
//	magic     8 bytes  "pareckpt"
//	version   uint32   little-endian, as are all numbers
//	length    uint32   of the header
//	header    JSON     position, hashes, names and lengths of the tensors
//	tensors   float32  one after the other: params, optimizer, best, state, penalties
//	checksum  SHA-256  of everything before
const (
	magic         = "pareckpt"
	formatVersion = 1
	prefixSize    = len(magic) + 8
)

// header is the JSON part of a checkpoint.
type header struct {
	Position     Position         `json:"position"`
	Architecture string           `json:"architecture"`
	Network      *nn.Architecture `json:"network,omitempty"`
	Reshape      json.RawMessage  `json:"reshape,omitempty"`
	Config       string           `json:"config"`
	UpdateCount  uint64           `json:"update_count"`
	Params       []tensorInfo     `json:"params"`
	Optimizer    []tensorInfo     `json:"optimizer"`
	Best         []tensorInfo     `json:"best,omitempty"`
	State        []tensorInfo     `json:"state,omitempty"`
	Penalties    []tensorInfo     `json:"penalties,omitempty"`
}

type tensorInfo struct {
	Name string `json:"name"`
	Len  int    `json:"len"` // values
}

func describe(ts []NamedTensor) []tensorInfo {
	var out []tensorInfo
	for _, t := range ts {
		out = append(out, tensorInfo{t.Name, len(t.Data)})
	}
	return out
}

// Encode writes the checkpoint.
func (c *Checkpoint) Encode(w io.Writer) error {
	head, err := json.Marshal(header{Position: c.Position, Architecture: c.Architecture, Config: c.Config, Network: c.Network, Reshape: c.Reshape,
		UpdateCount: c.Optimizer.Step, Params: describe(c.Params),
		Optimizer: describe(c.Optimizer.Tensors), Best: describe(c.Best), State: describe(c.State),
		Penalties: describe(c.Penalties)})
	if err != nil {
		return fmt.Errorf("checkpoint header: %w", err)
	}
	sum := sha256.New()
	out := io.MultiWriter(w, sum)
	prefix := binary.LittleEndian.AppendUint32([]byte(magic), formatVersion)
	prefix = binary.LittleEndian.AppendUint32(prefix, uint32(len(head)))
	if _, err := out.Write(append(prefix, head...)); err != nil {
		return err
	}
	for _, ts := range [][]NamedTensor{c.Params, c.Optimizer.Tensors, c.Best, c.State, c.Penalties} {
		for _, t := range ts {
			if err := writeFloats(out, t.Data); err != nil {
				return err
			}
		}
	}
	_, err = w.Write(sum.Sum(nil))
	return err
}

func writeFloats(w io.Writer, values []float32) error {
	const block = 4096
	buf := make([]byte, 0, 4*block)
	for len(values) > 0 {
		n := min(block, len(values))
		buf = buf[:0]
		for _, v := range values[:n] {
			buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(v))
		}
		if _, err := w.Write(buf); err != nil {
			return err
		}
		values = values[n:]
	}
	return nil
}
