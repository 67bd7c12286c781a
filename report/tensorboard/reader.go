package tensorboard

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// Read visits the values in the event files of a folder, in the order in which they were
// written. A value that is no scalar, such as hyperparameters, is NaN. The records of a file
// behind a damaged one are left out, as TensorBoard does: the end of a file may be missing
// after SIGKILL.
func Read(dir string, visit func(step int64, s Scalar)) error {
	files, err := eventFiles(dir)
	if err != nil {
		return err
	}
	for _, path := range files {
		if err := readFile(path, visit); err != nil {
			return fmt.Errorf("tensorboard events: %w", err)
		}
	}
	return nil
}

// eventFiles are the event files of a folder, the oldest first.
func eventFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("tensorboard folder: %w", err)
	}
	var out []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), filePrefix) {
			out = append(out, filepath.Join(dir, e.Name()))
		}
	}
	return out, nil
}

func readFile(path string, visit func(step int64, s Scalar)) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	for in := bufio.NewReader(file); ; {
		data, ok := readRecord(in)
		if !ok {
			return nil
		}
		readEvent(data, visit)
	}
}

// readEvent visits the values of an encoded Event.
func readEvent(event []byte, visit func(step int64, s Scalar)) {
	step := int64(0)
	eachField(event, func(field protowire.Number, number uint64, message []byte) {
		switch field {
		case eventStep:
			step = int64(number)
		case eventSummary:
			eachField(message, func(_ protowire.Number, _ uint64, value []byte) { visit(step, readScalar(value)) })
		}
	})
}

func readScalar(value []byte) Scalar {
	s := Scalar{Value: math.NaN()}
	eachField(value, func(field protowire.Number, number uint64, text []byte) {
		switch field {
		case valueTag:
			s.Tag = string(text)
		case valueSimple:
			s.Value = float64(math.Float32frombits(uint32(number)))
		}
	})
	return s
}

// lastSteps returns the last step of every tag in the event files of a folder.
func lastSteps(dir string) (map[string]int64, error) {
	last := map[string]int64{}
	return last, Read(dir, func(step int64, s Scalar) {
		if before, seen := last[s.Tag]; !seen || step > before {
			last[s.Tag] = step
		}
	})
}

// eachField visits the fields of a message up to the first that is damaged: numbers as their
// bits, texts and messages as their bytes.
func eachField(b []byte, visit func(field protowire.Number, number uint64, data []byte)) {
	for len(b) > 0 {
		field, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return
		}
		b = b[n:]
		var number uint64
		var data []byte
		switch kind {
		case protowire.VarintType:
			number, n = protowire.ConsumeVarint(b)
		case protowire.Fixed64Type:
			number, n = protowire.ConsumeFixed64(b)
		case protowire.Fixed32Type:
			var v uint32
			v, n = protowire.ConsumeFixed32(b)
			number = uint64(v)
		default:
			data, n = protowire.ConsumeBytes(b)
		}
		if n < 0 {
			return
		}
		visit(field, number, data)
		b = b[n:]
	}
}
