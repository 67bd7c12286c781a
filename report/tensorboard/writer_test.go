package tensorboard

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

type event struct {
	wall    float64
	step    int64
	version string
	tag     string
	value   float32
}

var noon = time.Unix(1_700_000_000, 250_000_000)

func TestMaskedCRC(t *testing.T) {
	// CRC-32C of "123456789" is e3069283 (RFC 3720 uses the same polynomial).
	crc := uint32(0xe3069283)
	if got, want := maskedCRC([]byte("123456789")), (crc>>15|crc<<17)+0xa282ead8; got != want {
		t.Errorf("masked checksum is %08x, expected %08x", got, want)
	}
}

func TestRoundTrip(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "events")
	w, err := Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := []event{
		{tag: "loss/train", step: 0, value: 2.5},
		{tag: "λ <&>", step: 1 << 40, value: float32(math.Inf(1))},
		{tag: "accuracy", step: 3, value: 0},
	}
	for _, e := range want {
		if err := w.Scalar(e.tag, e.step, float64(e.value), noon); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got := decode(t, w.Name())
	if got[0].version != "brain.Event:2" {
		t.Errorf("file version %q", got[0].version)
	}
	for i := range want {
		want[i].wall = 1_700_000_000.25
	}
	if !slices.Equal(got[1:], want) {
		t.Errorf("read %v, expected %v", got[1:], want)
	}
	if err := w.Close(); err == nil {
		t.Error("a second Close gives no error")
	}
}

func TestFilesOfOneFolder(t *testing.T) {
	dir := t.TempDir()
	var names []string
	for range 3 {
		w, err := Create(dir)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, w.Name())
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(filepath.Base(w.Name()), "events.out.tfevents.") {
			t.Errorf("file name %s", w.Name())
		}
	}
	if !slices.IsSorted(names) || len(slices.Compact(names)) != 3 {
		t.Errorf("names %v do not follow each other", names)
	}
}

func TestCreateError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(file); err == nil {
		t.Error("a file as the folder gives no error")
	}
}

// TestPython has the file read by TensorBoard itself.
func TestPython(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed")
	}
	if err := exec.Command(python, "-c", "import tensorboard").Run(); err != nil {
		t.Skip("python3 has no tensorboard")
	}
	dir := t.TempDir()
	for part := range int64(2) { // a run and its resumption
		w, err := Create(dir)
		if err != nil {
			t.Fatal(err)
		}
		for i := range int64(3) {
			step := 3*part + i
			if err := w.Scalar("loss/train", step, 1/float64(step+1), noon); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command(python, filepath.Join("testdata", "read.py"), dir).Output()
	if err != nil {
		t.Fatalf("read.py: %v", err)
	}
	var got map[string][][3]float64
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	curve := got["loss/train"]
	if len(got) != 1 || len(curve) != 6 {
		t.Fatalf("TensorBoard read %v", got)
	}
	for i, e := range curve {
		want := [3]float64{float64(i), float64(float32(1 / float64(i+1))), 1_700_000_000.25}
		if e != want {
			t.Errorf("value %d is %v, expected %v", i, e, want)
		}
	}
}

// decode reads a file with checks of every frame.
func decode(t *testing.T, name string) []event {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var out []event
	for len(b) > 0 {
		if len(b) < 16 {
			t.Fatalf("%d bytes are left over", len(b))
		}
		n := binary.LittleEndian.Uint64(b)
		if got := binary.LittleEndian.Uint32(b[8:]); got != maskedCRC(b[:8]) {
			t.Fatal("checksum of the length is wrong")
		}
		data := b[12 : 12+n]
		if got := binary.LittleEndian.Uint32(b[12+n:]); got != maskedCRC(data) {
			t.Fatal("checksum of the data is wrong")
		}
		var e event
		e.read(t, data)
		out = append(out, e)
		b = b[16+n:]
	}
	return out
}

func (e *event) read(t *testing.T, b []byte) {
	fields(t, b, func(num protowire.Number, scalar uint64, data []byte) {
		switch num {
		case eventWallTime:
			e.wall = math.Float64frombits(scalar)
		case eventStep:
			e.step = int64(scalar)
		case eventFileVersion:
			e.version = string(data)
		case eventSummary:
			fields(t, data, func(_ protowire.Number, _ uint64, value []byte) {
				fields(t, value, func(num protowire.Number, scalar uint64, data []byte) {
					if num == valueTag {
						e.tag = string(data)
					} else {
						e.value = math.Float32frombits(uint32(scalar))
					}
				})
			})
		}
	})
}

func fields(t *testing.T, b []byte, visit func(num protowire.Number, scalar uint64, data []byte)) {
	t.Helper()
	for len(b) > 0 {
		num, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		b = b[n:]
		var scalar uint64
		var data []byte
		switch kind {
		case protowire.VarintType:
			scalar, n = protowire.ConsumeVarint(b)
		case protowire.Fixed64Type:
			scalar, n = protowire.ConsumeFixed64(b)
		case protowire.Fixed32Type:
			var v uint32
			v, n = protowire.ConsumeFixed32(b)
			scalar = uint64(v)
		default:
			data, n = protowire.ConsumeBytes(b)
		}
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		visit(num, scalar, data)
		b = b[n:]
	}
}
