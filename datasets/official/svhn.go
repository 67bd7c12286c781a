package official

import (
	"fmt"
	"io"
	"slices"

	"pare/internal/limit"
	"pare/internal/mat"
	"pare/internal/npy"
)

const svhnSums = "torchvision (torchvision/datasets/svhn.py and prototype/datasets/_builtin/svhn.py); the publisher gives none"

// SVHNFiles are the files of SVHN, format 2, cropped digits (Netzer, Wang, Coates, Bissacco,
// Wu, Ng 2011, http://ufldl.stanford.edu/housenumbers/): training, test, and more, easier
// training images.
var SVHNFiles = []File{
	{Name: "train_32x32.mat", URL: "http://ufldl.stanford.edu/housenumbers/train_32x32.mat", MD5: "e26dedcc434d2e4c54c9b2d4a06d8373",
		SHA256: "435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8", Sums: svhnSums},
	{Name: "test_32x32.mat", URL: "http://ufldl.stanford.edu/housenumbers/test_32x32.mat", MD5: "eb5a983be6a315427106f1b164d9cef3",
		SHA256: "cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b", Sums: svhnSums},
	{Name: "extra_32x32.mat", URL: "http://ufldl.stanford.edu/housenumbers/extra_32x32.mat", MD5: "a93ce644f1a588dc4d68dda5feec44a7",
		SHA256: "a133a4beb38a00fcdda90c9489e0c04f900b660ce8a316a5e854838379a71eb3", Sums: svhnSums},
}

// SVHNClasses are the digits.
var SVHNClasses = digits

// ReadSVHN reads a file with an array X of bytes and of shape height, width, 3, count, and an
// array y of as many labels from 1 to 10, where 10 stands for the digit 0. name begins the
// errors.
func ReadSVHN(r io.ReaderAt, size int64, name string) (*Images, error) {
	images, err := readSVHN(r, size)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return images, nil
}

func readSVHN(r io.ReaderAt, size int64) (*Images, error) {
	f, err := mat.Open(r, size)
	if err != nil {
		return nil, err
	}
	x, err := f.Array("X")
	if err != nil {
		return nil, err
	}
	if len(x.Shape) != 4 || x.Shape[2] != 3 || slices.Contains(x.Shape, 0) || x.Dtype.Kind != 'u' || x.Dtype.Size != 1 {
		return nil, fmt.Errorf("array X has shape %v and type %s, expected bytes of shape height, width, 3, count", x.Shape, x.Dtype)
	}
	y, err := f.Array("y")
	if err != nil {
		return nil, err
	}
	h, w, n := x.Shape[0], x.Shape[1], x.Shape[3]
	if y.Len()*y.Width() != n || len(y.Shape) != 2 || y.Shape[0] != 1 && y.Shape[1] != 1 {
		return nil, fmt.Errorf("array y has shape %v, expected %d labels, one for each image of X", y.Shape, n)
	}
	if err := limit.Check(fmt.Sprintf("%d images of %d×%d×3", n, h, w), int64(n), int64(h*w*3)); err != nil {
		return nil, err
	}
	labels := make([]int32, n)
	if err := npy.ReadAll(y, labels); err != nil {
		return nil, fmt.Errorf("array y: %w", err)
	}
	images := &Images{N: n, H: h, W: w, C: 3, Pixels: make([]uint8, n*h*w*3), Labels: make([]uint8, n)}
	for i, l := range labels {
		if l < 0 || l > 10 {
			return nil, fmt.Errorf("array y: label %d of example %d is not from 1 to 10", l, i)
		}
		images.Labels[i] = uint8(l % 10)
	}
	planes := x.Reversed() // count, channels, columns, rows
	one := make([]uint8, h*w*3)
	for i := range n {
		if err := npy.ReadRows(planes, one, []int{i}); err != nil {
			return nil, fmt.Errorf("array X: %w", err)
		}
		image := images.Pixels[i*len(one):]
		for c := range 3 {
			for col := range w {
				for row := range h {
					image[(row*w+col)*3+c] = one[(c*w+col)*h+row]
				}
			}
		}
	}
	return images, nil
}
