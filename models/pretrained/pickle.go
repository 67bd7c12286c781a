package pretrained

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"strings"
)

// isPickle reports whether a file was written by torch.save: a zip archive, or a pickle of
// protocol 2 or later. Neither can begin a safetensors file that is smaller than an exabyte.
// Names that torch.save is used with count, too, unless the file begins like safetensors.
func isPickle(r io.ReaderAt, file string) bool {
	begin := make([]byte, 9)
	n, _ := r.ReadAt(begin, 0)
	begin = begin[:n]
	if bytes.HasPrefix(begin, []byte("PK\x03\x04")) || len(begin) > 1 && begin[0] == 0x80 && begin[1] >= 2 && begin[1] <= 5 && !opensHeader(begin) {
		return true
	}
	switch strings.ToLower(filepath.Ext(file)) {
	case ".pt", ".pth", ".bin", ".pkl", ".ckpt":
		return !opensHeader(begin)
	}
	return false
}

// opensHeader reports whether the header of a safetensors file begins behind its length.
func opensHeader(begin []byte) bool { return len(begin) == 9 && begin[8] == '{' }

// convert is the line that writes the tensors of a pickle as safetensors. A training state
// often has them below the key state_dict or model.
func convert(file string) string {
	to := strings.TrimSuffix(file, filepath.Ext(file)) + ".safetensors"
	return fmt.Sprintf(`python3 -c 'import sys, torch, safetensors.torch as s; d = torch.load(sys.argv[1], map_location="cpu", weights_only=True); `+
		`d = d.get("state_dict", d.get("model", d)); `+
		`s.save_file({k: v.contiguous().clone() for k, v in d.items() if torch.is_tensor(v)}, sys.argv[2])' %s %s`, quoted(file), quoted(to))
}

// quoted is a word of a shell.
func quoted(word string) string {
	plain := func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-./=+@%,:", r))
	}
	if word != "" && strings.IndexFunc(word, plain) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
