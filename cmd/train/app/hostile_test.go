//go:build unix

package app

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"pare/cmd/internal/cli"
)

// npyFile is a .npy file with a header as it is given.
func npyFile(descr, shape string, data []byte) []byte {
	header := fmt.Sprintf("{'descr': %s, 'fortran_order': False, 'shape': %s, }\n", descr, shape)
	b := append([]byte("\x93NUMPY\x01\x00"), byte(len(header)), byte(len(header)>>8))
	return append(append(b, header...), data...)
}

// zipFile is an archive of members, compressed.
func zipFile(t *testing.T, members map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, data := range members {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// tarFile is an archive of one member and of an honest example.
func tarFile(t *testing.T, h tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, m := range []tar.Header{{Name: "0.png", Size: 4}, {Name: "0.cls", Size: 1}, h} {
		m.Mode = 0o644
		if err := w.WriteHeader(&m); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(bytes.Repeat([]byte("0"), int(m.Size))); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// pngHeader is a PNG up to its size.
func pngHeader(width, height uint32) []byte {
	chunk := binary.BigEndian.AppendUint32([]byte("IHDR"), width)
	chunk = append(binary.BigEndian.AppendUint32(chunk, height), 8, 2, 0, 0, 0)
	b := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), chunk...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(chunk))
}

func pngFile(t *testing.T, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// tensorFile is a safetensors file with a header as it is given.
func tensorFile(length uint64, header string) []byte {
	return append(binary.LittleEndian.AppendUint64(nil, length), header...)
}

// matrix5 is a .mat file of one array of bytes that claims dimensions.
func matrix5(dims ...uint32) []byte {
	le := binary.LittleEndian
	element := func(kind uint32, data []byte) []byte {
		b := le.AppendUint32(le.AppendUint32(nil, kind), uint32(len(data)))
		return append(append(b, data...), make([]byte, -len(data)&7)...)
	}
	var shape []byte
	for _, d := range dims {
		shape = le.AppendUint32(shape, d)
	}
	flags, name, values := element(6, []byte{9, 0, 0, 0, 0, 0, 0, 0}), element(1, []byte("X")), element(2, make([]byte, 8))
	body := bytes.Join([][]byte{flags, element(5, shape), name, values}, nil)
	head := append(bytes.Repeat([]byte(" "), 124), 0, 1, 'I', 'M')
	return append(head, element(14, body)...)
}

const (
	inImages  = "dataset: images, dir: in, size: 8"
	inArrays  = "dataset: arrays, x: in/x.npy, y: in/y.npy"
	inArchive = "dataset: arrays, file: in/a.npz"
	inTensors = "dataset: arrays, file: in/a.safetensors"
	inParquet = "dataset: parquet, files: in/a.parquet, size: 8"
	inTar     = "dataset: webdataset, files: in/a.tar, size: 8"
	inTable   = "dataset: table, target: y, file: in/"
	inSVHN    = "dataset: svhn, dir: in, download: false"
)

// TestHostileFiles: a file that claims more than it has, leads out of its archive or unpacks
// without end is refused in one line before memory is taken for it, and nothing is written.
func TestHostileFiles(t *testing.T) {
	zeros := make([]byte, 24<<20) // more than any file may unpack to
	rows := bytes.Repeat([]byte("1,0\n"), len(zeros)/4)
	photo := pngFile(t, image.NewRGBA(image.Rect(0, 0, 8, 8)))
	classes := npyFile("'|u1'", "(4,)", make([]byte, 4))
	numbers := npyFile("'<f4'", "(4,)", make([]byte, 16))
	cells := strings.Repeat("1,0\n", 20)
	for _, c := range []struct {
		name, data, file string
		content          []byte
		words            string
	}{
		{"png of 2³¹", inImages, "a/1.png", pngHeader(1<<31-1, 1<<31-1),
			"1.png: the PNG is damaged, cut off, or of a kind that is not supported"},
		{"png of 65535²", inImages, "a/1.png", pngHeader(65535, 65535), "1.png: the PNG has 65535 × 65535 pixels"},
		{"png without pixels", inImages, "a/1.png", pngHeader(8, 8), "1.png: the PNG is cut off"},
		{"png cut off", inImages, "a/1.png", photo[:len(photo)-20], "1.png: the PNG is"},
		{"jpeg of 65535²", inImages,
			"a/1.jpg", []byte("\xff\xd8\xff\xc0\x00\x0b\x08\xff\xff\xff\xff\x01\x01\x11\x00\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"),
			"1.jpg: the JPEG has 65535 × 65535 pixels"},
		{"gif of 65535²", inImages, "a/1.gif", []byte("GIF89a\xff\xff\xff\xff\x00\x00\x00"), "1.gif: the GIF has 65535 × 65535 pixels"},
		{"bmp of 65535²", inImages,
			"a/1.bmp", append([]byte("BM\x36\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00\xff\xff\x00\x00"+
				"\xff\xff\x00\x00\x01\x00\x18\x00"), make([]byte, 24)...), "1.bmp: the BMP has 65535 × 65535 pixels"},
		{"heic", inImages, "a/1.jpg", []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00"),
			"1.jpg: no PNG, JPEG, GIF, WebP or BMP image, but a HEIC; save it as PNG or JPEG"},
		{"empty image", inImages, "a/1.png", nil, "1.png: the file is empty"},
		{"control characters", inImages, "a/1\n\x1b[31m.png", []byte("x"), `1\u000a\u001b[31m.png: no PNG`},
		{"npy of 2³¹", inArrays, "x.npy", npyFile("'<f4'", "(2147483648, 2147483648)", nil), "x.npy"},
		{"npy of 2⁶³", inArrays, "x.npy", npyFile("'<f4'", "(9223372036854775807, 2)", nil), "x.npy"},
		{"npy of −1", inArrays, "x.npy", npyFile("'<f4'", "(-1, 2)", nil), "x.npy"},
		{"npy of objects", inArrays, "x.npy", npyFile("'|O'", "(4,)", make([]byte, 32)), "x.npy"},
		{"npy with a long header", inArrays, "x.npy", []byte("\x93NUMPY\x02\x00\xff\xff\xff\xff{"), "x.npy"},
		{"npy cut off", inArrays, "x.npy", numbers[:len(numbers)-1], "truncated data: expected 16 bytes, found 15"},
		{"npz that unpacks without end", inArchive, "a.npz", zipFile(t, map[string][]byte{"x.npy": npyFile("'|u1'", "(25165824,)", zeros)}),
			"100 times its size"},
		{"npz above itself", inArchive, "a.npz", zipFile(t, map[string][]byte{"../x.npy": numbers}),
			`the name of member "../x.npy" is no plain path`},
		{"npz at the root", inArchive, "a.npz", zipFile(t, map[string][]byte{"/etc/x.npy": numbers}),
			`the name of member "/etc/x.npy" is no plain path`},
		{"npz cut off", inArchive, "a.npz", []byte("PK\x03\x04"), "not a zip archive"},
		{"tensor header of 2⁶³", inTensors, "a.safetensors", tensorFile(1<<63, "{}"), "a.safetensors"},
		{"tensor of 2³¹", inTensors, "a.safetensors", tensorFile(79, `{"x":{"dtype":"F32","shape":[2147483648,2147483648],"data_offsets":[0,8]}}      `),
			"a.safetensors"},
		{"tensor of −1", inTensors, "a.safetensors", tensorFile(67, `{"x":{"dtype":"F32","shape":[-1],"data_offsets":[0,-4]}}             `),
			"a.safetensors"},
		{"parquet of nothing", inParquet, "a.parquet", []byte("PAR1PAR1"), "a.parquet"},
		{"parquet footer of 2³¹", inParquet, "a.parquet", []byte("PAR1\x15\x04\x19\xff\xff\xff\xff\x7fPAR1"), "a.parquet"},
		{"parquet of text", inParquet, "a.parquet", []byte(cells), "a.parquet"},
		{"tar above itself", inTar, "a.tar", tarFile(t, tar.Header{Name: "../1.png", Size: 1}),
			`member "../1.png": its name is no plain path below the archive`},
		{"tar at the root", inTar, "a.tar", tarFile(t, tar.Header{Name: "/1.png", Size: 1}),
			`member "/1.png": its name is no plain path below the archive`},
		{"tar with a link", inTar, "a.tar", tarFile(t, tar.Header{Name: "1.png", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}),
			`it is a link to "/etc/passwd"`},
		{"tar with a hard link", inTar, "a.tar", tarFile(t, tar.Header{Name: "1.png", Typeflag: tar.TypeLink, Linkname: "0.png"}),
			`it is a link to "0.png"`},
		{"tar with a device", inTar, "a.tar", tarFile(t, tar.Header{Name: "1.png", Typeflag: tar.TypeChar}), "it is no regular file"},
		{"tar with control characters", inTar, "a.tar", tarFile(t, tar.Header{Name: "1\n\x1b[31m.txt", Size: 1}), `it has no image`},
		{"tar that unpacks without end", inTar, "a.tar", zipped(t, zeros), "100 times its size"},
		{"tar cut off", inTar, "a.tar", tarFile(t, tar.Header{Name: "1.png", Size: 600})[:2700], "a.tar"},
		{"csv.gz that unpacks without end", inTable + "a.csv.gz", "a.csv.gz", zipped(t, rows), "100 times its size"},
		{"csv in a zip that unpacks without end", inTable + "a.zip", "a.zip", zipFile(t, map[string][]byte{"a.csv": rows}),
			"100 times its size"},
		{"csv with one line of 40 MB", inTable + "a.csv", "a.csv", append([]byte("x,y\n"), bytes.Repeat([]byte("1"), 40<<20)...), "a.csv"},
		{"csv with a million columns", inTable + "a.csv", "a.csv", []byte("y" + strings.Repeat(",x", 1<<20) + "\n"), "a.csv"},
		{"csv with an open quote", inTable + "a.csv", "a.csv", []byte("x,y\n\"1,0\n" + strings.Repeat("1,0\n", 1<<20)), "a.csv"},
		{"csv of zero bytes", inTable + "a.csv", "a.csv", make([]byte, 1000), "a.csv"},
		{"mat of 2³¹", inSVHN, "train_32x32.mat", matrix5(1<<31, 1<<31), "train_32x32.mat"},
		{"mat of 2⁶⁰", inSVHN, "train_32x32.mat", matrix5(1<<30, 1<<30, 1<<30), "train_32x32.mat"},
		{"mat of text", inSVHN, "train_32x32.mat", []byte(cells), "train_32x32.mat"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, data := range map[string][]byte{"b/1.png": photo, "a/0.png": photo, "y.npy": classes, "test_32x32.mat": matrix5(1, 1),
				c.file: c.content} {
				write(t, filepath.Join(dir, "in", name), string(data))
			}
			refuses(t, dir, c.data, c.words)
		})
	}
	for _, c := range []struct {
		name, words string
		make        func(path string) error
	}{
		{"pipe", "no images", func(path string) error { return syscall.Mkfifo(path, 0o600) }},
		{"link to nothing", "1.png: the link leads to no file", func(path string) error { return os.Symlink("nowhere", path) }},
		{"link to itself", "1.png: the link leads to no file", func(path string) error { return os.Symlink("1.png", path) }},
		{"link to a folder", "no images", func(path string) error { return os.Symlink("/", path) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "in", "b", "1.png"), string(photo))
			write(t, filepath.Join(dir, "in", "a", "note.txt"), "")
			if err := c.make(filepath.Join(dir, "in", "a", "1.png")); err != nil {
				t.Fatal(err)
			}
			refuses(t, dir, inImages, c.words)
		})
	}
}

// refuses trains on a data section and expects status 2, one line with the words, less than
// 300 MiB, and no files.
func refuses(t *testing.T, dir, data, words string) {
	t.Helper()
	write(t, filepath.Join(dir, "a.yaml"), "data: {"+data+"}\nmodel: {type: mlp, hidden: [4]}\ntrain: {epochs: 1}\n")
	cmd := command(dir, "-config", "a.yaml", "-out", "run")
	cmd.Env = append(cmd.Env, "GOMEMLIMIT=1GiB")
	o := wait(t, cmd, nil)
	if o.code != cli.ExitBadInput {
		t.Fatalf("exit status %d, want %d: %s", o.code, cli.ExitBadInput, o.stderr)
	}
	oneLine(t, o, words)
	if strings.ContainsAny(strings.TrimSuffix(o.stderr, "\n"), "\x1b\r\n") {
		t.Errorf("control characters: %q", o.stderr)
	}
	if mb := peak(t, cmd.ProcessState.SysUsage()); mb > 300 {
		t.Errorf("%d MiB to refuse it", mb)
	}
	if _, err := os.Lstat(filepath.Join(dir, "run")); err == nil {
		t.Error("it leaves a run folder")
	}
}
