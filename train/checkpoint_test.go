package train

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pare/nn"
)

func sample() *Checkpoint {
	return &Checkpoint{
		Position: Position{Phase: "train", Epoch: 2, Batch: 3, Step: 23, Random: nn.RandomState{Seed: math.MaxUint64, Step: 23},
			LossSum: 0.1 + 0.2, Best: &Best{Epoch: 1, Metrics: Metrics{Loss: 1.0 / 3, N: 3}}, LogLines: 4, Seconds: 1.5},
		Architecture: "abc", Config: "def",
		Params:    []NamedTensor{{"a.weight", []float32{1, float32(math.Copysign(0, -1)), math.SmallestNonzeroFloat32}}, {"b", []float32{7}}},
		Optimizer: OptimizerState{Step: 23, Tensors: []NamedTensor{{"mean/a.weight", []float32{3, 4, 5}}}},
		Best:      []NamedTensor{{"a.weight", []float32{9, 8, 7}}, {"b", []float32{6}}},
		State:     []NamedTensor{{"lstm/h", []float32{0.5, -0.25}}},
	}
}

func encode(t testing.TB, c *Checkpoint) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := c.Encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestCheckpointRoundTrip(t *testing.T) {
	c := sample()
	got, err := Decode(encode(t, c))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, c) {
		t.Errorf("read %+v, wrote %+v", got, c)
	}
	expectSame(t, "params", got.Params, c.Params)
}

func TestEveryDamageIsFound(t *testing.T) {
	data := encode(t, sample())
	for n := range data {
		if _, err := Decode(data[:n]); !errors.Is(err, ErrDamaged) {
			t.Fatalf("cut to %d of %d bytes: %v", n, len(data), err)
		}
	}
	for i := range data {
		bad := bytes.Clone(data)
		bad[i] ^= 0x10
		if _, err := Decode(bad); err == nil {
			t.Fatalf("byte %d changed: no error", i)
		}
	}
	if _, err := Decode(append(bytes.Clone(data), 0)); !errors.Is(err, ErrDamaged) {
		t.Errorf("a byte added: %v", err)
	}
	if _, err := Decode([]byte(strings.Repeat("not a checkpoint ", 9))); err == nil || !strings.Contains(err.Error(), "is not a checkpoint") {
		t.Errorf("another file: %v", err)
	}
}

// resum gives a body a right checksum, so that the parser behind it is reached.
func resum(body []byte) []byte {
	s := sha256.Sum256(body)
	return append(bytes.Clone(body), s[:]...)
}

func TestHeadersThatLie(t *testing.T) {
	for _, c := range []struct{ header, want string }{
		{`{"params":[{"name":"a","len":3}]}`, "should have 3 values, 2 are left"},
		{`{"params":[{"name":"a","len":1}]}`, "4 bytes follow"},
		{`{"params":[{"name":"a","len":-1}]}`, "should have -1 values"},
		{`{"params":[{"name":"a","len":9223372036854775807},{"name":"b","len":9223372036854775807}]}`, "are left"},
		{`{"position":{"epoch":-1}}`, "negative"},
		{`{"params":3}`, "header"},
		{`{`, "header"},
	} {
		body := append([]byte(magic), 1, 0, 0, 0)
		body = binary.LittleEndian.AppendUint32(body, uint32(len(c.header)))
		body = append(append(body, c.header...), make([]byte, 8)...)
		if _, err := Decode(resum(body)); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.header, err, c.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	whole := encode(f, sample())
	f.Add(whole[:len(whole)-sha256.Size])
	f.Add([]byte(magic + "\x01\x00\x00\x00\x02\x00\x00\x00{}"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, body []byte) {
		c, err := Decode(resum(body))
		if err != nil {
			return
		}
		// A checkpoint that was read can be written, and reads the same.
		again, err := Decode(encode(t, c))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(encode(t, again), encode(t, c)) {
			t.Error("a second reading differs")
		}
	})
}

func TestFolderKeepsAGoodCheckpoint(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "checkpoints")
	if _, _, err := LatestCheckpoint(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
	for step := 1; step <= 3; step++ {
		c := sample()
		c.Position.Step = step
		if err := SaveCheckpoint(dir, c); err != nil {
			t.Fatal(err)
		}
	}
	check := func(what string, want int, warn bool) {
		t.Helper()
		c, warning, err := LatestCheckpoint(dir)
		if err != nil || c.Position.Step != want || (warning != nil) != warn {
			t.Errorf("%s: step %+v, warning %v, error %v", what, c, warning, err)
		}
	}
	check("all good", 3, false)
	last := filepath.Join(dir, LastCheckpoint)
	data, err := os.ReadFile(last)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(last, data[:len(data)/2], 0o644); err != nil {
		t.Fatal(err)
	}
	check("last cut off", 2, true)
	if err := os.Rename(filepath.Join(dir, PreviousCheckpoint), filepath.Join(dir, nextCheckpoint)); err != nil {
		t.Fatal(err)
	}
	check("stopped between two renames", 2, false)
	if err := os.Remove(filepath.Join(dir, nextCheckpoint)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := LatestCheckpoint(dir); !errors.Is(err, ErrDamaged) {
		t.Errorf("nothing good left: %v", err)
	}
}

func TestFingerprint(t *testing.T) {
	if Fingerprint(toyNet(t, 1)) != Fingerprint(toyNet(t, 2)) {
		t.Error("the fingerprint depends on the weights")
	}
	other := toyNet(t, 1)
	if err := other.Add("extra", newLayer(t, "relu")); err != nil {
		t.Fatal(err)
	}
	if Fingerprint(other) == Fingerprint(toyNet(t, 1)) {
		t.Error("another layer has the same fingerprint")
	}
	c := &Checkpoint{Architecture: Fingerprint(toyNet(t, 1)), Params: paramTensors(toyNet(t, 1))}
	fresh := toyNet(t, 2)
	if err := c.LoadParams(fresh); err != nil {
		t.Fatal(err)
	}
	expectSame(t, "loaded", paramTensors(fresh), c.Params)
	if err := c.LoadParams(other); !errors.Is(err, ErrMismatch) {
		t.Errorf("loading into another network: %v", err)
	}
}
