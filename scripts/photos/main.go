// Command photos writes JPEG files that are all different and of at least a given size, in a
// folder for each of ten classes, to measure the memory that training on large image files
// takes:
//
//	go run ./scripts/photos -n 20000 -out DIR
//
// An image is three waves of a class's frequency, each in a colour, under noise, 640 × 480
// pixels. Files depend on the seed and their number alone.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
)

const (
	width, height = 640, 480
	classes       = 10
)

func main() {
	n := flag.Int("n", 20000, "number of images")
	out := flag.String("out", "", "folder to write to; it must not exist")
	seed := flag.Uint64("seed", 1, "seed")
	least := flag.Int("least", 200_000, "smallest size of a file in bytes")
	flag.Parse()
	if err := write(*n, *out, *seed, *least); err != nil {
		fmt.Fprintln(os.Stderr, "photos:", err)
		os.Exit(1)
	}
}

func write(n int, out string, seed uint64, least int) error {
	if err := os.Mkdir(out, 0o755); err != nil {
		return err
	}
	for c := range classes {
		if err := os.Mkdir(filepath.Join(out, fmt.Sprint("class", c)), 0o755); err != nil {
			return err
		}
	}
	var next, total atomic.Int64
	var workers sync.WaitGroup
	errs := make(chan error, runtime.GOMAXPROCS(0))
	for range cap(errs) {
		workers.Go(func() {
			p := newPainter()
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				data, err := p.file(rand.New(rand.NewPCG(seed, uint64(i))), i%classes, least)
				if err == nil {
					err = os.WriteFile(filepath.Join(out, fmt.Sprint("class", i%classes), fmt.Sprintf("%06d.jpg", i)), data, 0o644)
				}
				if err != nil {
					errs <- fmt.Errorf("image %d: %w", i, err)
					return
				}
				total.Add(int64(len(data)))
			}
		})
	}
	workers.Wait()
	close(errs)
	if err := <-errs; err != nil {
		return err
	}
	fmt.Printf("%d files, %d bytes each on average\n", n, total.Load()/int64(max(n, 1)))
	return nil
}

// painter makes images in memory that it uses again.
type painter struct {
	image   *image.RGBA
	encoded bytes.Buffer
	noise   []float64
}

func newPainter() *painter {
	p := &painter{image: image.NewRGBA(image.Rect(0, 0, width, height)), noise: make([]float64, 1<<16)}
	r := rand.New(rand.NewPCG(1, 1))
	for i := range p.noise {
		p.noise[i] = 24 * r.NormFloat64()
	}
	return p
}

// file paints an image and encodes it at the first quality that gives least bytes. The slice
// is valid until the next call.
func (p *painter) file(r *rand.Rand, class, least int) ([]byte, error) {
	p.paint(r, float64(1+class))
	for quality := 94; quality <= 100; quality += 2 {
		p.encoded.Reset()
		if err := jpeg.Encode(&p.encoded, p.image, &jpeg.Options{Quality: quality}); err != nil {
			return nil, err
		}
		if p.encoded.Len() >= least {
			return p.encoded.Bytes(), nil
		}
	}
	return nil, fmt.Errorf("%d bytes at the highest quality, %d are asked for", p.encoded.Len(), least)
}

// paint draws waves of a frequency at random phases. Rows of noise start at random places of
// one table.
func (p *painter) paint(r *rand.Rand, frequency float64) {
	phase := [3]float64{6 * r.Float64(), 6 * r.Float64(), 6 * r.Float64()}
	var across [3][width]float64
	for c := range across {
		for x := range across[c] {
			across[c][x] = 60 * math.Sin(frequency*6*float64(x)/width+phase[c])
		}
	}
	for y := range height {
		noise := p.noise[r.IntN(len(p.noise)-3*width):]
		down := 30 * math.Sin(frequency*6*float64(y)/height+phase[0])
		row := p.image.Pix[y*p.image.Stride:]
		for x := range width {
			for c := range 3 {
				row[4*x+c] = uint8(min(max(128+across[c][x]+down+noise[3*x+c], 0), 255))
			}
			row[4*x+3] = 255
		}
	}
}
