package tensorboard

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// lastSteps returns the last step of every tag in the event files of a folder.
func lastSteps(dir string) (map[string]int64, error) {
	last := map[string]int64{}
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("tensorboard folder: %w", err)
	}
	for _, f := range files {
		if !strings.HasPrefix(f.Name(), filePrefix) {
			continue
		}
		if err := addSteps(last, filepath.Join(dir, f.Name())); err != nil {
			return nil, fmt.Errorf("tensorboard events: %w", err)
		}
	}
	return last, nil
}

func addSteps(last map[string]int64, path string) error {
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
		step, tags := eventTags(data)
		for _, tag := range tags {
			if before, seen := last[tag]; !seen || step > before {
				last[tag] = step
			}
		}
	}
}

// eventTags reads the step of an Event and the tags of its values.
func eventTags(event []byte) (step int64, tags []string) {
	eachField(event, func(field protowire.Number, number uint64, message []byte) {
		switch field {
		case eventStep:
			step = int64(number)
		case eventSummary:
			eachField(message, func(_ protowire.Number, _ uint64, value []byte) {
				eachField(value, func(field protowire.Number, _ uint64, text []byte) {
					if field == valueTag {
						tags = append(tags, string(text))
					}
				})
			})
		}
	})
	return step, tags
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
