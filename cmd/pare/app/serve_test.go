package app

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"pare/cmd/internal/cli"
	"pare/export"
)

// serving is a process of pare serve.
type serving struct {
	*exec.Cmd
	line string // that it printed at its start
	url  string
	out  *bufio.Reader
	errs bytes.Buffer
}

// startServing starts pare serve at a free port.
func startServing(t *testing.T, args ...string) *serving {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := &serving{Cmd: exec.Command(self, append([]string{"serve", "-addr", "127.0.0.1:0"}, args...)...)}
	s.Env = append(os.Environ(), asCommand+"=1")
	s.Stderr = &s.errs
	out, err := s.StdoutPipe()
	if err == nil {
		err = s.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if s.ProcessState == nil {
			_ = s.Process.Kill() // it may have ended
			_ = s.Wait()
		}
	})
	s.out = bufio.NewReader(out)
	if s.line, err = s.out.ReadString('\n'); err != nil {
		_ = s.Wait()
		t.Fatalf("%v: %s", err, s.errs.String())
	}
	_, s.url, _ = strings.Cut(strings.TrimSpace(s.line), " at ")
	return s
}

// infer returns the outputs of a request by name.
func (s *serving) infer(t *testing.T, model, datatype string, shape []int, data any) map[string][]float32 {
	t.Helper()
	input := map[string]any{"name": "input", "datatype": datatype, "shape": shape, "data": data}
	body, err := json.Marshal(map[string]any{"inputs": []any{input}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.Post(s.url+"/v2/models/"+model+"/infer", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	var answer struct {
		Error   string
		Outputs []struct {
			Name string
			Data []float32
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&answer); err != nil || answer.Error != "" {
		t.Fatalf("%d %v %s", r.StatusCode, err, answer.Error)
	}
	out := map[string][]float32{}
	for _, o := range answer.Outputs {
		out[o.Name] = o.Data
	}
	return out
}

// The server gives the answers of pare predict, for a run and for its ONNX file, and ends with status 0
// on SIGTERM.
func TestServe(t *testing.T) {
	folder, _ := tinyRun(t)
	inputs, logits := filepath.Join(t.TempDir(), "i.npy"), filepath.Join(t.TempDir(), "l.npy")
	succeed(t, "predict", folder, "-split", "test", "-limit", "40", "-out", logits, "-dump-inputs", inputs)
	shape, x := readArray(t, inputs)
	_, want := readArray(t, logits)
	m, err := export.Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	pixels := make([]float32, len(x))
	for i, v := range x { // back to 0..1, within its rounding
		p := m.Preprocess
		pixels[i] = min(max(v*p.Std[0]+p.Mean[0], 0), 1)
	}
	s := startServing(t, folder, "second="+filepath.Join(folder, export.ONNXFile), "-wait", "0s", "-batch", "40")
	contains(t, s.line, "serving tiny (1×8×8 → 10 probabilities), second (1×8×8 → 10 probabilities) at http://127.0.0.1:")
	for _, model := range []string{"tiny", "second"} {
		got := s.infer(t, model, "FP32", shape, pixels)
		near(t, got["logits"], want)
		probabilities := make([]float64, 10)
		for i := range want {
			if i%10 == 0 {
				for k := range probabilities {
					probabilities[k] = float64(got["logits"][i+k])
				}
				export.OutputClasses.Interpret(probabilities)
			}
			near(t, got["probabilities"][i:i+1], []float32{float32(probabilities[i%10])})
		}
	}
	r, err := http.Post(s.url+"/v2/models/tiny/infer", "application/json",
		strings.NewReader(`{"inputs": [{"name": "input", "datatype": "FP32", "shape": [1,1,8,8], "data": [`+strings.Repeat("0,", 63)+`7]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	var failed struct{ Error string }
	if err := json.NewDecoder(r.Body).Decode(&failed); err != nil || r.StatusCode != 400 ||
		failed.Error != "input input: value 7 at (0, 0, 7, 7) is outside of 0..1, the range of pixels; divide bytes by 255" {
		t.Errorf("%d %v %q", r.StatusCode, err, failed.Error)
	}
	r.Body.Close()
	if err := s.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	end, _ := s.out.ReadString('\n')
	if err := s.Wait(); err != nil || end != "answered 2 requests with predictions for 80 examples, 1 failed\n" || s.errs.Len() > 0 {
		t.Errorf("%v: %q %q", err, end, s.errs.String())
	}

	raw := startServing(t, folder, "-raw", "-access-log")
	near(t, raw.infer(t, "tiny", "FP32", append([]int{1}, shape[1:]...), x[:64])["logits"], want[:10])
	if err := raw.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_, _ = raw.out.ReadString('\n')
	if err := raw.Wait(); err != nil {
		t.Error(err)
	}
	contains(t, raw.errs.String(), "method=POST path=/v2/models/tiny/infer status=200")
}

// A second signal ends the server while a request is open.
func TestServeSecondSignal(t *testing.T) {
	folder, _ := tinyRun(t)
	s := startServing(t, folder)
	// The body does not arrive, so the first signal leaves the server waiting.
	request, err := http.NewRequest("POST", s.url+"/v2/models/tiny/infer", neverRead(t))
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		if r, err := http.DefaultClient.Do(request); err == nil {
			r.Body.Close()
		}
	}()
	for open := false; !open; time.Sleep(time.Millisecond) {
		r, err := http.Get(s.url + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r.Body)
		r.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		open = strings.Contains(string(text), "pare_requests_in_flight 1\n")
	}
	for i := range 2 {
		if i == 1 {
			time.Sleep(1100 * time.Millisecond) // sooner, a signal counts as the same one
		}
		if err := s.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Wait(); err == nil || s.ProcessState.ExitCode() != -1 {
		t.Errorf("%v, %s", err, s.ProcessState)
	}
}

// neverRead is a body that has no bytes before the test ends.
func neverRead(t *testing.T) *os.File {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return r
}

func TestServeBadInput(t *testing.T) {
	folder, _ := tinyRun(t)
	for want, args := range map[string][]string{
		"no SOURCE given; see pare help serve":                                         {},
		"-batch is 0, it must be a number of at least 1":                               {folder, "-batch", "0"},
		"-timeout is 0s, it must be a duration above 0":                                {folder, "-timeout", "0s"},
		"-wait is -1ms, it must be a duration of at least 0":                           {folder, "-wait", "-1ms"},
		"-addr nowhere: listen tcp: address nowhere: missing port in address":          {folder, "-addr", "nowhere"},
		folder + ": another model is named tiny; name it: NAME=" + folder:              {folder, folder},
		"a=" + folder + ": another model is named a; name it: NAME=" + folder:          {"a=" + folder, "a=" + folder},
		"-model: it is for one SOURCE; folders that pare prune writes need none":       {folder, "b=" + folder, "-model", "resnet18"},
		"a model cannot be named \"a b\"; give it a name of letters, digits and ._-: ": {"a b"},
	} {
		fail(t, cli.ExitBadInput, want, append([]string{"serve"}, args...)...)
	}
}

// Inputs of several channels and outputs at positions are channels first, as in npy files; tokens are
// INT64. A network of a file without normalisation takes values as they are.
func TestServeLayouts(t *testing.T) {
	folder, _ := sequenceRun(t, chainConfig)
	image := foreignONNX(t, 3)
	dir := t.TempDir()
	tokens, logits, images := filepath.Join(dir, "i.npy"), filepath.Join(dir, "l.npy"), filepath.Join(dir, "m.npy")
	succeed(t, "predict", folder, "-split", "test", "-out", logits, "-dump-inputs", tokens)
	pixels := make([]float32, 2*3*12*12)
	for i := range pixels {
		pixels[i] = float32(i%29) - 9
	}
	succeed(t, "predict", image, "-inputs", writeArray(t, []int{2, 3, 12, 12}, pixels), "-out", images)
	s := startServing(t, "text="+folder, image)
	shape, x := readArray(t, tokens)
	_, want := readArray(t, logits)
	near(t, s.infer(t, "text", "INT64", shape, x)["logits"], want)
	_, want = readArray(t, images)
	near(t, s.infer(t, "model", "FP32", []int{2, 3, 12, 12}, pixels)["numbers"], want)
}
