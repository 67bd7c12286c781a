package train

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"pare/internal/atomicfile"
	"pare/nn"
)

// Checkpoint is everything that a phase needs to resume, bit for bit.
type Checkpoint struct {
	Position     Position
	Architecture string           // Fingerprint of the network
	Network      *nn.Architecture // the network, where a Reshaper has changed it; nil: the one the phase began with
	Reshape      []byte           // Reshaped.State, JSON; nil without a Reshaper
	Config       string           // the caller's hash of the configuration
	Params       []NamedTensor    // of the network, running statistics included
	Optimizer    OptimizerState   // moments and frozen zeros
	Best         []NamedTensor    // parameters of the best epoch; nil unless they are kept
	State        []NamedTensor    // state that layers carry to the next batch; nil between epochs and without such layers
	Penalties    []NamedTensor    // state that penalties carry to the next step; nil where none has any
}

// LoadParams copies the parameters into a network of the same architecture.
// After an error nothing has changed.
func (c *Checkpoint) LoadParams(net *nn.Network) error {
	if err := c.fits(net); err != nil {
		return err
	}
	copyTensors(paramTensors(net), c.Params)
	return nil
}

func (c *Checkpoint) fits(net *nn.Network) error {
	if f := Fingerprint(net); f != c.Architecture {
		return fmt.Errorf("%w: it was written for another architecture, not for %s (%.8s, not %.8s)",
			ErrMismatch, net.Name, c.Architecture, f)
	}
	own := paramTensors(net)
	err := sameTensors(own, c.Params)
	if err == nil && c.Best != nil {
		err = sameTensors(own, c.Best)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMismatch, err)
	}
	return nil
}

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

// lists are the lists of tensors in the order of the file.
func (h *header) lists() []*[]tensorInfo {
	return []*[]tensorInfo{&h.Params, &h.Optimizer, &h.Best, &h.State, &h.Penalties}
}

func (c *Checkpoint) lists() []*[]NamedTensor {
	return []*[]NamedTensor{&c.Params, &c.Optimizer.Tensors, &c.Best, &c.State, &c.Penalties}
}

type tensorInfo struct {
	Name string `json:"name"`
	Len  int    `json:"len"` // values
}

// Encode writes the checkpoint.
func (c *Checkpoint) Encode(w io.Writer) error {
	h := header{Position: c.Position, Architecture: c.Architecture, Config: c.Config,
		Network: c.Network, Reshape: c.Reshape, UpdateCount: c.Optimizer.Step}
	for i, to := range h.lists() {
		for _, t := range *c.lists()[i] {
			*to = append(*to, tensorInfo{t.Name, len(t.Data)})
		}
	}
	head, err := json.Marshal(h)
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
	for _, ts := range c.lists() {
		for _, t := range *ts {
			if err := binary.Write(out, binary.LittleEndian, t.Data); err != nil {
				return err
			}
		}
	}
	_, err = w.Write(sum.Sum(nil))
	return err
}

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

// decodeBody parses the bytes before the checksum; the prefix is there.
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
	if err := checkLengths(len(rest), h.lists()); err != nil {
		return nil, err
	}
	c := &Checkpoint{Position: h.Position, Architecture: h.Architecture, Config: h.Config, Network: h.Network, Reshape: h.Reshape}
	c.Optimizer.Step = h.UpdateCount
	for i, list := range c.lists() {
		*list, rest = readTensors(rest, *h.lists()[i])
		if name := nonFinite(*list); name != "" {
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
func checkLengths(size int, lists []*[]tensorInfo) error {
	values := size / 4
	for _, list := range lists {
		for _, t := range *list {
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

// readTensors reads tensors whose lengths were checked and returns the bytes behind them.
func readTensors(data []byte, infos []tensorInfo) ([]NamedTensor, []byte) {
	var out []NamedTensor
	for _, t := range infos {
		values := make([]float32, t.Len)
		n, _ := binary.Decode(data, binary.LittleEndian, values) // the lengths were checked
		data = data[n:]
		out = append(out, NamedTensor{t.Name, values})
	}
	return out, data
}

// Names of the files in a checkpoint folder.
const (
	LastCheckpoint     = "last.ckpt"
	PreviousCheckpoint = "previous.ckpt"
	nextCheckpoint     = "next.ckpt" // while it is being written
)

// SaveCheckpoint writes last.ckpt in the folder and keeps the one before as previous.ckpt.
// Whenever the process stops, one of them is whole. It creates the folder if needed.
func SaveCheckpoint(dir string, c *Checkpoint) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	next, last := filepath.Join(dir, nextCheckpoint), filepath.Join(dir, LastCheckpoint)
	if err := atomicfile.Write(next, c.Encode); err != nil {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	err := os.Rename(last, filepath.Join(dir, PreviousCheckpoint))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	if err := os.Rename(next, last); err != nil {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	return nil
}

// LatestCheckpoint reads the newest whole checkpoint of the folder. warning
// describes the damage of a newer one, where there is such. The error is fs.ErrNotExist where the folder has no checkpoint.
func LatestCheckpoint(dir string) (c *Checkpoint, warning, err error) {
	// A finished file that was not yet renamed is newer than last.ckpt.
	for _, name := range []string{nextCheckpoint, LastCheckpoint, PreviousCheckpoint} {
		c, problem := ReadCheckpoint(filepath.Join(dir, name))
		switch {
		case problem == nil && warning != nil:
			return c, fmt.Errorf("%w; going on from %s", warning, name), nil
		case problem == nil:
			return c, nil, nil
		case err == nil || errors.Is(err, fs.ErrNotExist):
			err = problem
		}
		if !errors.Is(problem, fs.ErrNotExist) {
			warning = problem
		}
	}
	return nil, nil, err
}

// Fingerprint is a hash of a network's architecture: names and kinds of its
// layers, how they are connected, the shapes of values and parameters, and the
// vocabulary. It does not depend on the values of parameters.
func Fingerprint(net *nn.Network) string {
	h := sha256.New()
	fmt.Fprintf(h, "input %v\n", net.Input)
	if net.Vocabulary > 0 {
		fmt.Fprintf(h, "vocabulary %d\n", net.Vocabulary)
	}
	for _, n := range net.Nodes {
		fmt.Fprintf(h, "%q %q %v %v\n", n.Name, n.Layer.Kind(), n.Inputs, n.Shape)
		if n.Tied != "" {
			fmt.Fprintf(h, "  tied to %q\n", n.Tied)
		}
		for _, p := range n.Layer.Params() {
			fmt.Fprintf(h, "  %q %q %v\n", p.Name, p.Role, p.Shape())
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// paramTensors are the values of all parameters, buffers included; one that two
// layers share is listed once.
func paramTensors(net *nn.Network) []NamedTensor {
	var out []NamedTensor
	seen := map[*nn.Param]bool{}
	for _, p := range net.Params() {
		if !seen[p.Param] {
			seen[p.Param] = true
			out = append(out, NamedTensor{p.Full, p.Data()})
		}
	}
	return out
}

// stateTensors are the live values that layers of a program carry from run to
// run; nil where none does.
func stateTensors(p *nn.Program) []NamedTensor {
	var out []NamedTensor
	for _, s := range p.State() {
		out = append(out, NamedTensor{s.Name, s.Data})
	}
	return out
}

// sameTensors reports the first difference in names and lengths.
func sameTensors(want, got []NamedTensor) error {
	for i, w := range want {
		if i >= len(got) {
			return fmt.Errorf("tensor %s is missing", w.Name)
		}
		if g := got[i]; g.Name != w.Name {
			return fmt.Errorf("found tensor %s where %s was expected", g.Name, w.Name)
		} else if len(g.Data) != len(w.Data) {
			return fmt.Errorf("tensor %s has %d values, expected %d", w.Name, len(g.Data), len(w.Data))
		}
	}
	if len(got) > len(want) {
		return fmt.Errorf("tensor %s is not expected", got[len(want)].Name)
	}
	return nil
}

// copyTensors copies values; names and lengths agree.
func copyTensors(dst, src []NamedTensor) {
	for i := range dst {
		copy(dst[i].Data, src[i].Data)
	}
}

// cloneTensors returns a deep copy.
func cloneTensors(ts []NamedTensor) []NamedTensor {
	out := make([]NamedTensor, len(ts))
	for i, t := range ts {
		out[i] = NamedTensor{t.Name, append([]float32(nil), t.Data...)}
	}
	return out
}

// nonFinite names the first tensor that holds a NaN or an infinity, or is "".
func nonFinite(ts []NamedTensor) string {
	for _, t := range ts {
		if !finite(t.Data) {
			return t.Name
		}
	}
	return ""
}

func finite(values []float32) bool {
	for _, v := range values {
		if v-v != 0 {
			return false
		}
	}
	return true
}
