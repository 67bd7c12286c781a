package datasets

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

const (
	cifarSide    = 32
	cifarRecord  = 1 + 3*cifarSide*cifarSide // label, then the planes red, green, blue
	cifarArchive = "cifar-10-binary.tar.gz"
	cifarFolder  = "cifar-10-batches-bin"
)

// cifarFiles are the batches in order, the test batch last.
var cifarFiles = [6]string{"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin",
	"data_batch_4.bin", "data_batch_5.bin", "test_batch.bin"}

// CIFAR10 are small photos of ten kinds of things.
type CIFAR10 struct{ Files }

func init() {
	Kinds.Register("cifar10", "CIFAR-10: photos of ten kinds of things, 50,000 for training and 10,000 for test, 32×32 colour. "+
		"Krizhevsky 2009. Files: data_batch_1.bin … data_batch_5.bin and test_batch.bin, in the folder, "+
		"its folder "+cifarFolder+" or its archive "+cifarArchive+".",
		func() Dataset { return &CIFAR10{} })
}

// cifarSource is the place of the archive, and the records in each batch of it.
type cifarSource struct {
	baseURL string // ends in a slash
	md5     string
	records int
}

var cifar10 = cifarSource{
	baseURL: "https://www.cs.toronto.edu/~kriz/",
	md5:     "c32a1d4ab5d03f1284b67883e8d87530",
	records: 10000,
}

// Load implements Dataset.
func (d *CIFAR10) Load(ctx context.Context, o Options) (*Set, error) {
	return cifar10.load(ctx, d.Files, o)
}

func (d cifarSource) load(ctx context.Context, files Files, o Options) (*Set, error) {
	file := remoteFile{url: d.baseURL + cifarArchive, name: cifarArchive, md5: d.md5}
	dir, err := files.fetch(ctx, "cifar10", []remoteFile{file}, o)
	if err != nil {
		return nil, err
	}
	train, test, err := d.read(ctx, dir)
	if err != nil {
		return nil, err
	}
	return o.divide(train, test, strings.Fields("airplane automobile bird cat deer dog frog horse ship truck"))
}

func (d cifarSource) read(ctx context.Context, dir string) (train, test *Split, err error) {
	batches := make([][]byte, len(cifarFiles))
	folder := ""
	for _, f := range []string{dir, filepath.Join(dir, cifarFolder)} {
		if _, err := os.Stat(filepath.Join(f, cifarFiles[0])); err == nil {
			folder = f
			break
		}
	}
	if folder != "" {
		for i, name := range cifarFiles {
			err := openInput(ctx, filepath.Join(folder, name), func(in *input) (err error) {
				batches[i], err = readCIFAR(in, d.records)
				return err
			})
			if errors.Is(err, fs.ErrNotExist) {
				return nil, nil, fmt.Errorf("no file %s in %s, which has %s; get it too", name, folder, cifarFiles[0])
			}
			if err != nil {
				return nil, nil, err
			}
		}
	} else {
		err := openInput(ctx, filepath.Join(dir, cifarArchive), func(in *input) error {
			return d.readArchive(in, batches)
		})
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil, fmt.Errorf("no file %s in %s or its folder %s, and no %s; set data.dir to the folder that has them",
				cifarFiles[0], dir, cifarFolder, cifarArchive)
		}
		if err != nil {
			return nil, nil, err
		}
	}
	last := len(batches) - 1
	return cifarSplit(batches[:last]), cifarSplit(batches[last:]), nil
}

// readArchive takes the batches out of the official archive.
func (d cifarSource) readArchive(in *input, batches [][]byte) error {
	archive := tar.NewReader(in)
	for {
		h, err := archive.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return fmt.Errorf("%s: cannot unpack the archive, at %s: %w; get the file again", in.name, in.place(in.offset), err)
		}
		for i, name := range cifarFiles {
			if path.Base(h.Name) != name || h.Typeflag != tar.TypeReg {
				continue
			}
			member := &input{ctx: in.ctx, r: archive, name: in.name + ": " + h.Name}
			if batches[i], err = readCIFAR(member, d.records); err != nil {
				return err
			}
		}
	}
	for i, name := range cifarFiles {
		if batches[i] == nil {
			return fmt.Errorf("%s: the archive has no %s; get the file again", in.name, name)
		}
	}
	_, err := io.Copy(io.Discard, in) // for the checksum at the end of the gzip data
	return err
}

// readCIFAR reads and checks a batch of the given number of records.
func readCIFAR(in *input, records int) ([]byte, error) {
	data, err := in.take(int64(records)*cifarRecord, fmt.Sprintf("%d records of %d bytes", records, cifarRecord))
	if err != nil {
		return nil, err
	}
	if err := in.end(); err != nil {
		return nil, err
	}
	for i := range records {
		if l := data[i*cifarRecord]; l >= 10 {
			return nil, fmt.Errorf("%s: label %d of record %d at %s is not below 10 classes",
				in.name, l, i, in.place(int64(i)*cifarRecord))
		}
	}
	return data, nil
}

// cifarSplit turns checked batches from planes to interleaved channels.
func cifarSplit(batches [][]byte) *Split {
	const plane = cifarSide * cifarSide
	n := 0
	for _, b := range batches {
		n += len(b) / cifarRecord
	}
	s := &Split{N: n, H: cifarSide, W: cifarSide, C: 3, Classes: 10,
		Pixels: make([]uint8, 0, n*3*plane), Labels: make([]int32, 0, n)}
	for _, b := range batches {
		for ; len(b) > 0; b = b[cifarRecord:] {
			s.Labels = append(s.Labels, int32(b[0]))
			r, g, bl := b[1:1+plane], b[1+plane:1+2*plane], b[1+2*plane:1+3*plane]
			for i := range plane {
				s.Pixels = append(s.Pixels, r[i], g[i], bl[i])
			}
		}
	}
	return s
}
