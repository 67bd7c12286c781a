package datasets

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"pare/internal/limit"
)

// glyphClasses are the characters of each choice. "all" leaves I and O out: turned and
// slanted, they cannot be told from 1 and 0.
var glyphClasses = map[string]string{
	"digits":  alphabet[:10],
	"letters": alphabet[10:],
	"all":     strings.NewReplacer("I", "", "O", "").Replace(alphabet),
}

// glyphs generates its images: image i of a part depends on the seed, the part, the classes
// and color, and i alone, so that a larger part begins with a smaller one.
type glyphs struct{}

func (glyphs) Name() string { return "glyphs" }

func (glyphs) Doc() string {
	return "Generated letters and digits in the Go fonts, turned, slanted, bent, in any contrast, with gradients, " +
		"clutter, blur and noise; 28×28 grey, or 32×32 colour with color. Classes: digits (10), letters (26), " +
		"all (34, the default: digits and capitals without I and O). Default sizes 20,000/2,000/4,000. " +
		"Fonts: Bigelow & Holmes, BSD."
}

func (glyphs) Load(ctx context.Context, o Options) (*Set, error) {
	if err := o.Check("glyphs", "color", "classes"); err != nil {
		return nil, err
	}
	if o.Classes == "" {
		o.Classes = "all"
	}
	chars, ok := glyphClasses[o.Classes]
	if !ok {
		return nil, fmt.Errorf("datasets: glyphs: classes is %q; must be digits, letters or all", o.Classes)
	}
	shapes, err := outlines()
	if err != nil {
		return nil, err
	}
	byClass := make([][]outline, len(chars))
	for i, r := range chars {
		byClass[i] = shapes[r]
	}
	sizes, err := o.sizes("glyphs")
	if err != nil {
		return nil, err
	}
	pixels := int64(28 * 28)
	if o.Color {
		pixels = 3 * 32 * 32
	}
	if err := limit.Check(fmt.Sprintf("datasets: glyphs: %d images", sizes[0]+sizes[1]+sizes[2]), int64(sizes[0]+sizes[1]+sizes[2]), pixels); err != nil {
		return nil, err
	}
	var parts [3]*Split
	for i, stream := range []uint64{streamGlyphTrain, streamGlyphValidation, streamGlyphTest} {
		if parts[i], err = generateGlyphs(ctx, byClass, sizes[i], stream, o, partNames[i]); err != nil {
			return nil, fmt.Errorf("datasets: glyphs: %s: %w", partNames[i], err)
		}
	}
	return NewImageSet("glyphs", parts[0], parts[1], parts[2], strings.Split(chars, ""))
}

// generateGlyphs draws n images on all processors. Each run of as many examples as there
// are classes has every class once, in random order.
func generateGlyphs(ctx context.Context, shapes [][]outline, n int, stream uint64, o Options, part string) (*Split, error) {
	k := len(shapes)
	s := &Split{N: n, H: 28, W: 28, C: 1, Classes: k, Labels: make([]uint8, n)}
	if o.Color {
		s.H, s.W, s.C = 32, 32, 3
	}
	size := s.Size()
	s.Pixels = make([]uint8, n*size)

	rounds := (n + k - 1) / k
	var next atomic.Int64
	var progress sync.Mutex
	done := 0
	work := func() {
		artist := &glyphArtist{painter: newPainter(s.H, s.C), shapes: shapes}
		var pcg rand.PCG
		r := rand.New(&pcg)
		for ctx.Err() == nil {
			round := int(next.Add(1)) - 1
			if round >= rounds {
				return
			}
			pcg.Seed(mix(o.Seed, stream), mix(streamGlyphLabels, uint64(round)))
			order := r.Perm(k)
			from, to := round*k, min((round+1)*k, n)
			for i := from; i < to; i++ {
				pcg.Seed(mix(o.Seed, stream), mix(uint64(i)))
				s.Labels[i] = uint8(order[i-from])
				artist.draw(r, order[i-from], s.Pixels[i*size:(i+1)*size])
			}
			if o.Progress != nil {
				progress.Lock()
				done += to - from
				o.Progress("glyphs: "+part, int64(done), int64(n))
				progress.Unlock()
			}
		}
	}
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), rounds) {
		workers.Go(work)
	}
	workers.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return s, nil
}
