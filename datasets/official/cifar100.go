package official

import (
	"archive/tar"
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"pare/internal/unpack"
)

// CIFAR100Files is the archive of CIFAR-100 in the binary version (Krizhevsky 2009,
// https://www.cs.toronto.edu/~kriz/cifar.html).
var CIFAR100Files = []File{{
	Name: "cifar-100-binary.tar.gz",
	URL:  "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
	MD5:  "03b5dce01913d631647c71ecec9e9cb8",
	Sums: "the publisher",
}}

// CIFAR100Train and CIFAR100Test are the records of train.bin and test.bin.
const (
	CIFAR100Train = 50000
	CIFAR100Test  = 10000
)

// CIFAR100Classes are the names of the fine labels in the order of fine_label_names.txt.
var CIFAR100Classes = strings.Fields(`apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge
	bus butterfly camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup
	dinosaur dolphin elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion
	lizard lobster man maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear
	pickup_truck pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew
	skunk skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone television tiger
	tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm`)

// CIFAR100Superclasses are the names of the coarse labels in the order of coarse_label_names.txt.
var CIFAR100Superclasses = strings.Fields(`aquatic_mammals fish flowers food_containers fruit_and_vegetables
	household_electrical_devices household_furniture insects large_carnivores large_man-made_outdoor_things
	large_natural_outdoor_scenes large_omnivores_and_herbivores medium_mammals non-insect_invertebrates people reptiles
	small_mammals trees vehicles_1 vehicles_2`)

const (
	cifarSide   = 32
	cifarFolder = "cifar-100-binary"
)

// ReadCIFAR100 reads a file of so many records of 3074 bytes: the coarse label, the fine
// label, and the planes red, green and blue, row by row. name begins the errors.
func ReadCIFAR100(r io.Reader, name string, records int) (*Images, error) {
	const plane = cifarSide * cifarSide
	images := &Images{N: records, H: cifarSide, W: cifarSide, C: 3}
	var record [2 + 3*plane]byte
	for i := range records {
		if n, err := io.ReadFull(r, record[:]); err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				return nil, fmt.Errorf("%s: truncated: record %d of %d has %d bytes, expected %d: %w",
					name, i, records, n, len(record), io.ErrUnexpectedEOF)
			}
			return nil, fmt.Errorf("%s: record %d: %w", name, i, err)
		}
		coarse, fine := record[0], record[1]
		if int(coarse) >= len(CIFAR100Superclasses) || int(fine) >= len(CIFAR100Classes) {
			return nil, fmt.Errorf("%s: record %d has coarse label %d and fine label %d, which must be below %d and %d",
				name, i, coarse, fine, len(CIFAR100Superclasses), len(CIFAR100Classes))
		}
		images.Coarse, images.Labels = append(images.Coarse, coarse), append(images.Labels, fine)
		at := len(images.Pixels)
		images.Pixels = slices.Grow(images.Pixels, 3*plane)[:at+3*plane]
		for c := range 3 {
			for p, v := range record[2+c*plane:][:plane] {
				images.Pixels[at+3*p+c] = v
			}
		}
	}
	return images, atEnd(r, name)
}

// ReadCIFAR100Folder reads train.bin and test.bin from a folder or from its folder
// cifar-100-binary. Label names in the folder that differ from CIFAR100Classes and
// CIFAR100Superclasses are an error.
func ReadCIFAR100Folder(fsys fs.FS) (train, test *Images, err error) {
	folders := []string{".", cifarFolder}
	for _, part := range []struct {
		name    string
		records int
		to      **Images
	}{{"train.bin", CIFAR100Train, &train}, {"test.bin", CIFAR100Test, &test}} {
		err := find(fsys, folders, []string{part.name}, func(r io.Reader, name string) (err error) {
			*part.to, err = ReadCIFAR100(r, name, part.records)
			return err
		})
		if err != nil {
			return nil, nil, err
		}
	}
	for name, want := range map[string][]string{"fine_label_names.txt": CIFAR100Classes, "coarse_label_names.txt": CIFAR100Superclasses} {
		err := find(fsys, folders, []string{name}, func(r io.Reader, name string) error {
			n := 0
			return lines(r, name, func(line string) error {
				if n >= len(want) || line != want[n] {
					return fmt.Errorf("class %d is %q, which is not CIFAR-100", n, line)
				}
				n++
				return nil
			})
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, nil, err
		}
	}
	return train, test, nil
}

// ReadCIFAR100Archive reads train.bin and test.bin from the archive as it is published, a
// tar file packed by gzip.
func ReadCIFAR100Archive(r io.Reader) (train, test *Images, err error) {
	z, err := unpack.Gzip(bufio.NewReaderSize(r, 1<<16))
	if err != nil {
		return nil, nil, fmt.Errorf("corrupt gzip header: %w", err)
	}
	return readCIFAR100Tar(z, CIFAR100Train, CIFAR100Test)
}

func readCIFAR100Tar(r io.Reader, trainRecords, testRecords int) (train, test *Images, err error) {
	archive := tar.NewReader(r)
	for {
		h, err := archive.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, nil, fmt.Errorf("cannot unpack the archive: %w", err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		switch name := path.Base(h.Name); name {
		case "train.bin":
			train, err = ReadCIFAR100(archive, name, trainRecords)
		case "test.bin":
			test, err = ReadCIFAR100(archive, name, testRecords)
		}
		if err != nil {
			return nil, nil, err
		}
	}
	if train == nil || test == nil {
		return nil, nil, errors.New("the archive has no train.bin and test.bin")
	}
	_, err = io.Copy(io.Discard, r) // for the checksum at the end of the gzip data
	return train, test, err
}
