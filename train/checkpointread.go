package train

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
)

// ReadCheckpoint reads and verifies a file. It gives ErrDamaged where the file
// is cut off, was changed, or is something else.
func ReadCheckpoint(path string) (*Checkpoint, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read checkpoint: %w", err)
	}
	c, err := Decode(data)
	if err != nil {
		return nil, fmt.Errorf("read checkpoint %s: %w", path, err)
	}
	return c, nil
}

// Decode is ReadCheckpoint for contents in memory.
func Decode(data []byte) (*Checkpoint, error) {
	if len(data) < prefixSize+sha256.Size {
		return nil, fmt.Errorf("%w: %d bytes are too few, it was cut off", ErrDamaged, len(data))
	}
	if string(data[:len(magic)]) != magic {
		return nil, fmt.Errorf("%w: the file is not a checkpoint", ErrDamaged)
	}
	if v := binary.LittleEndian.Uint32(data[len(magic):]); v != formatVersion {
		return nil, fmt.Errorf("%w: format version %d is unknown, this program reads %d", ErrMismatch, v, formatVersion)
	}
	body, trailer := data[:len(data)-sha256.Size], data[len(data)-sha256.Size:]
	if sha256.Sum256(body) != [sha256.Size]byte(trailer) {
		return nil, fmt.Errorf("%w: its checksum is wrong, it was cut off or changed", ErrDamaged)
	}
	c, err := decodeBody(body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return c, nil
}

// decodeBody parses what lies before the checksum; the prefix is there.
func decodeBody(body []byte) (*Checkpoint, error) {
	size := uint64(binary.LittleEndian.Uint32(body[len(magic)+4:]))
	rest := body[prefixSize:]
	if size > uint64(len(rest)) {
		return nil, fmt.Errorf("the header should have %d bytes, %d are left", size, len(rest))
	}
	var h header
	if err := json.Unmarshal(rest[:size], &h); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	if err := h.Position.check(); err != nil {
		return nil, err
	}
	rest = rest[size:]
	if err := checkLengths(len(rest), h.Params, h.Optimizer, h.Best, h.State, h.Penalties); err != nil {
		return nil, err
	}
	c := &Checkpoint{Position: h.Position, Architecture: h.Architecture, Config: h.Config, Network: h.Network, Reshape: h.Reshape}
	c.Optimizer.Step = h.UpdateCount
	c.Params, rest = readTensors(rest, h.Params)
	c.Optimizer.Tensors, rest = readTensors(rest, h.Optimizer)
	c.Best, rest = readTensors(rest, h.Best)
	c.State, rest = readTensors(rest, h.State)
	c.Penalties, _ = readTensors(rest, h.Penalties)
	for _, list := range [][]NamedTensor{c.Params, c.Optimizer.Tensors, c.Best, c.State, c.Penalties} {
		if name := nonFinite(list); name != "" {
			return nil, fmt.Errorf("tensor %s has a value that is not finite", name)
		}
	}
	return c, nil
}

func (p Position) check() error {
	if p.Epoch < 0 || p.Batch < 0 || p.Step < 0 || p.LogLines < 0 || p.BadEpochs < 0 {
		return fmt.Errorf("header: a count in the position %+v is negative", p)
	}
	return nil
}

// checkLengths makes sure that the tensors fill size bytes exactly.
func checkLengths(size int, lists ...[]tensorInfo) error {
	values := size / 4
	for _, list := range lists {
		for _, t := range list {
			if t.Len < 0 || t.Len > values {
				return fmt.Errorf("tensor %q should have %d values, %d are left", t.Name, t.Len, values)
			}
			values -= t.Len
		}
	}
	if values != 0 || size%4 != 0 {
		return fmt.Errorf("%d bytes follow the last tensor", 4*values+size%4)
	}
	return nil
}

// readTensors reads tensors whose lengths were checked and returns what follows.
func readTensors(data []byte, infos []tensorInfo) ([]NamedTensor, []byte) {
	var out []NamedTensor
	for _, t := range infos {
		values := make([]float32, t.Len)
		for i := range values {
			values[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
		}
		data = data[4*t.Len:]
		out = append(out, NamedTensor{t.Name, values})
	}
	return out, data
}
