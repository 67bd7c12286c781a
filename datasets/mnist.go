package datasets

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// idxDataset is a dataset in four IDX files: train and test, images and labels.
type idxDataset struct {
	name, doc string
	baseURL   string    // ends in a slash
	md5       [4]string // of idxFiles, gzip
	classes   []string
}

var idxFiles = [4]string{"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}

var mnist = idxDataset{
	name: "mnist",
	doc: "MNIST: handwritten digits, 60,000 for training and 10,000 for test, 28×28 grey. " +
		"LeCun, Cortes, Burges. Files: train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-…, plain or gzip.",
	baseURL: "https://ossci-datasets.s3.amazonaws.com/mnist/",
	md5: [4]string{"f68b3c2dcbeaaa9fbdd348bbdeb94873", "d53e105ee54ea40749a09fcbcd1e9432",
		"9fb629c4189551a2d022fa330f9573f3", "ec29112dd5afa0611ce80d1b7f02629c"},
	classes: strings.Fields("0 1 2 3 4 5 6 7 8 9"),
}

var fashionMNIST = idxDataset{
	name: "fashion-mnist",
	doc: "Fashion-MNIST: articles of clothing, 60,000 for training and 10,000 for test, 28×28 grey. " +
		"Xiao, Rasul, Vollgraf 2017, MIT. Files named as for mnist.",
	baseURL: "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
	md5: [4]string{"8d4fb7e6c68d591d4c3dfef9ec88bf0d", "25c81989df183df01b3e8a0aad5dffbe",
		"bef4ecab320f06d8554ea6380940ec79", "bb300cfdad3c16e7a12a480ee83cd310"},
	classes: []string{"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"},
}

func (d idxDataset) Name() string { return d.name }
func (d idxDataset) Doc() string  { return d.doc }

func (d idxDataset) Load(ctx context.Context, o Options) (*Set, error) {
	if err := o.Check(d.name, "dir", "download", "sequence", "permute"); err != nil {
		return nil, err
	}
	if err := o.checkSequence(d.name); err != nil {
		return nil, err
	}
	dir := o.Dir
	if dir == "" {
		var files []remoteFile
		for i, f := range idxFiles {
			files = append(files, remoteFile{url: d.baseURL + f + ".gz", name: f + ".gz", md5: d.md5[i]})
		}
		var err error
		if dir, err = fetch(ctx, d.name, files, o); err != nil {
			return nil, err
		}
	}
	var parts [2]*Split
	for i := range parts {
		var err error
		if parts[i], err = d.read(ctx, dir, idxFiles[2*i], idxFiles[2*i+1]); err != nil {
			return nil, fmt.Errorf("datasets: %s: %w", d.name, err)
		}
	}
	if parts[0].H != parts[1].H || parts[0].W != parts[1].W {
		return nil, fmt.Errorf("datasets: %s: in %s, training images are %d×%d and test images %d×%d",
			d.name, dir, parts[0].H, parts[0].W, parts[1].H, parts[1].W)
	}
	set, err := divide(d.name, parts[0], parts[1], d.classes, o)
	if err != nil || o.Sequence == "" {
		return set, err
	}
	return set.sequences(o.Sequence == sequencePixels, o.Permute), nil
}

func (d idxDataset) read(ctx context.Context, dir, images, labels string) (split *Split, err error) {
	imagePath, err := findIDX(dir, images)
	if err != nil {
		return nil, err
	}
	labelPath, err := findIDX(dir, labels)
	if err != nil {
		return nil, err
	}
	err = openInput(ctx, imagePath, func(x *input) error {
		return openInput(ctx, labelPath, func(y *input) (err error) {
			split, err = readIDXPair(x, y, len(d.classes))
			return err
		})
	})
	return split, err
}

// findIDX looks for a file in dir and dir/raw, under both usual spellings, plain or gzip.
func findIDX(dir, name string) (string, error) {
	dotted := strings.Replace(name, "-idx", ".idx", 1)
	for _, folder := range []string{dir, filepath.Join(dir, "raw")} {
		for _, file := range []string{name + ".gz", name, dotted + ".gz", dotted} {
			path := filepath.Join(folder, file)
			st, err := os.Stat(path)
			if err == nil && !st.IsDir() {
				return path, nil
			}
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return "", err
			}
		}
	}
	return "", fmt.Errorf("no file %s or %s, plain or .gz, in %s or its folder raw; set data.dir to the folder that has it", name, dotted, dir)
}
