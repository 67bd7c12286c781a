package imagefile_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"

	"pare/datasets/augment"
	"pare/datasets/imagefile"
	"pare/datasets/raster"
)

// A folder of images becomes a batch: files are decoded by two goroutines, kept in memory
// up to 100 MB, and changed at random before they are normalised.
func Example() {
	folder, err := imagefile.ListFolder("testdata")
	if err != nil {
		fmt.Println(err)
		return
	}
	files, err := imagefile.NewFiles(folder, imagefile.Options{Shorter: 36, Height: 32, Width: 32})
	if err != nil {
		fmt.Println(err)
		return
	}
	loader, err := imagefile.NewLoader(imagefile.Keep(files, 100e6), imagefile.LoaderOptions{Workers: 2})
	if err != nil {
		fmt.Println(err)
		return
	}

	const seed, epoch = 1, 0
	change := augment.Chain{augment.Crop{Padding: 4}, augment.Flip{}, augment.ColorJitter{Brightness: 0.2}}
	work := sync.Pool{New: func() any { return &augment.Work{} }}
	examples := []int{3, 1, 4, 15}
	const size = 32 * 32 * 3
	x := make([]float32, len(examples)*size)
	err = loader.Each(context.Background(), examples, func(k int, im *raster.Image) error {
		w := work.Get().(*augment.Work)
		defer work.Put(w)
		change.Apply(im, w, rand.New(rand.NewPCG(seed<<32+epoch, uint64(examples[k]))))
		for i, v := range im.Pix {
			x[k*size+i] = (float32(v)/255 - 0.5) / 0.25
		}
		return nil
	})
	fmt.Println(len(folder.Files), folder.Classes, len(x), err)
	// Output: 39 [images] 12288 <nil>
}
