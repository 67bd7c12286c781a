package tensorboard

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// event is a value as Read visits it.
type event struct {
	step  int64
	tag   string
	value float64
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
		{step: 0, tag: "loss/train", value: 2.5},
		{step: 1 << 40, tag: "λ <&>", value: math.Inf(1)},
		{step: 3, tag: "accuracy", value: 0},
	}
	for _, e := range want {
		if err := w.Scalars(e.step, []Scalar{{e.tag, e.value}}, noon); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if got := readAll(t, dir); !slices.Equal(got, want) {
		t.Errorf("read %v, expected %v", got, want)
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

// python runs testdata/read.py, where Python has TensorBoard.
func python(t *testing.T, out any, args ...string) {
	t.Helper()
	if err := exec.Command("python3", "-c", "import tensorboard").Run(); err != nil {
		t.Skip("there is no python3 with tensorboard")
	}
	cmd := exec.Command("python3", append([]string{filepath.Join("testdata", "read.py")}, args...)...)
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("read.py: %v", err)
	}
	if err := json.Unmarshal(text, out); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
}

// tear cuts the last bytes of a file off, as SIGKILL may.
func tear(t *testing.T, path string, bytes int64) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, info.Size()-bytes); err != nil {
		t.Fatal(err)
	}
}

// writeSteps writes 1/(step+1) as loss/train, and 2 as other, of the steps from lo to hi.
func writeSteps(t *testing.T, dir string, lo, hi int64) string {
	t.Helper()
	w := create(t, dir)
	for step := lo; step <= hi; step++ {
		if err := w.Scalars(step, []Scalar{{"loss/train", 1 / float64(step+1)}, {"other", 2}}, noon); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.Name()
}

// A run that is killed repeats steps, and its last event may be torn.
func TestEachStepOnce(t *testing.T) {
	dir := t.TempDir()
	tear(t, writeSteps(t, dir, 0, 5), 7) // step 5
	writeSteps(t, dir, 2, 8)
	writeSteps(t, dir, 7, 9)
	var steps []int64
	for _, e := range readAll(t, dir) {
		if e.tag == "other" {
			steps = append(steps, e.step)
		}
	}
	if want := []int64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}; !slices.Equal(steps, want) {
		t.Errorf("read steps %v, expected %v", steps, want)
	}
}

func readAll(t *testing.T, dir string) []event {
	t.Helper()
	var out []event
	if err := Read(dir, func(step int64, s Scalar) { out = append(out, event{step, s.Tag, s.Value}) }); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestPython has files read by TensorBoard itself: a run that was killed and resumed.
func TestPython(t *testing.T) {
	dir := t.TempDir()
	tear(t, writeSteps(t, dir, 0, 3), 7)
	writeSteps(t, dir, 1, 5)
	var got map[string][][3]float64
	python(t, &got, dir)
	curve := got["loss/train"]
	if len(got) != 2 || len(curve) != 6 {
		t.Fatalf("TensorBoard read %v", got)
	}
	for i, e := range curve {
		want := [3]float64{float64(i), float64(float32(1 / float64(i+1))), 1_700_000_000.25}
		if e != want {
			t.Errorf("value %d is %v, expected %v", i, e, want)
		}
	}
}

// FuzzReadRecord demands that a record that was read is the record that was written.
func FuzzReadRecord(f *testing.F) {
	f.Add(appendRecord(nil, appendEvent(nil, 3, appendScalar(nil, Scalar{"a", 1}), noon)))
	f.Add(appendRecord(nil, appendHeader(nil, noon))[:20])
	f.Fuzz(func(t *testing.T, b []byte) {
		data, ok := readRecord(bytes.NewReader(b))
		if !ok {
			return
		}
		if again := appendRecord(nil, data); !bytes.HasPrefix(b, again) {
			t.Errorf("%x was read from %x", data, b)
		}
		readEvent(data, func(int64, Scalar) {})
	})
}
