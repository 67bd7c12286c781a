package imagefile

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/image/bmp"

	"pare/datasets/raster"
	"pare/internal/hostile"
	"pare/internal/printable"
)

// golden is an image as Pillow and torchvision read it, see testdata/golden.py.
type golden struct {
	File       string `json:"file"`
	H, W, C    int
	Pix        []byte
	Shorter    int
	Height     int
	Width      int
	Channels   int
	Background uint8
}

func goldens(t testing.TB) []golden {
	t.Helper()
	f, err := os.Open("testdata/golden.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var cases []golden
	if err := json.NewDecoder(z).Decode(&cases); err != nil {
		t.Fatal(err)
	}
	return cases
}

// difference is the largest difference of two images, and its mean.
func difference(a, b []uint8) (int, float64) {
	largest, sum := 0, 0
	for i := range a {
		d := int(a[i]) - int(b[i])
		d = max(d, -d)
		largest, sum = max(largest, d), sum+d
	}
	return largest, float64(sum) / float64(len(a))
}

// TestGolden compares with Pillow and torchvision, whose values are exact but for JPEG:
// the inverse cosine transforms of libjpeg and Go round differently, by 1, and the matrix
// to RGB makes at most 3 of it.
func TestGolden(t *testing.T) {
	for _, c := range goldens(t) {
		d, err := NewDecoder(Options{Channels: c.Channels, Shorter: c.Shorter, Height: c.Height, Width: c.Width, Background: c.Background})
		if err != nil {
			t.Fatal(err)
		}
		var im raster.Image
		if err := d.File(&im, filepath.Join("testdata/images", c.File)); err != nil {
			t.Error(err)
			continue
		}
		want := c.C
		if c.Channels != 0 {
			want = c.Channels
		}
		if im.H != c.H || im.W != c.W || im.C != want || len(im.Pix) != len(c.Pix) {
			t.Errorf("%s: %d×%d×%d of %d values, want %d×%d×%d of %d (HWC)", c.File, im.H, im.W, im.C, len(im.Pix), c.H, c.W, c.C, len(c.Pix))
			continue
		}
		largest, mean := difference(im.Pix, c.Pix)
		tolerance, meanTolerance := 0, 0.0
		if strings.HasSuffix(c.File, ".jpg") {
			tolerance, meanTolerance = 3, 0.3
		}
		if largest > tolerance || mean > meanTolerance {
			t.Errorf("%s (%d, %d×%d, %d): differs by up to %d, %.4f in the mean", c.File, c.Shorter, c.Height, c.Width, c.Channels, largest, mean)
		}
	}
}

// headerPNG is a PNG file with a header alone.
func headerPNG(w, h uint32) []byte {
	b := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")
	b = binary.BigEndian.AppendUint32(b, w)
	b = binary.BigEndian.AppendUint32(b, h)
	b = append(b, 8, 2, 0, 0, 0)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[12:]))
}

// TestRefused: each file that is no image, damaged or too large gives one line that names
// it, before memory is taken.
func TestRefused(t *testing.T) {
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join("testdata/images", name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	sized := func(name string, at int, size ...byte) []byte {
		data := read(name)
		copy(data[at:], size)
		return data
	}
	sof := bytes.Index(read("420.jpg"), []byte("\xff\xc0"))
	for _, c := range []struct {
		name string
		data []byte
		o    Options
		want string
	}{
		{"empty", nil, Options{}, "the file is empty"},
		{"heic", []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00"), Options{}, `no PNG, JPEG, GIF, WebP or BMP image, but a HEIC; save it as PNG or JPEG`},
		{"tiff", []byte("II*\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"), Options{}, "but a TIFF; save it as PNG or JPEG"},
		{"text", []byte("hello\nworld"), Options{}, `no PNG, JPEG, GIF, WebP or BMP image: the file begins with "hello\nwo"`},
		{"short", []byte("\x89PN"), Options{}, "no PNG, JPEG"},
		{"tiff", []byte("II*\x00\x08\x00\x00\x00"), Options{}, "no PNG, JPEG"},
		{"bomb.png", headerPNG(1<<31-1, 1<<31-1), Options{}, "the PNG "},
		{"bomb2.png", headerPNG(1<<31-1, 1), Options{}, "the PNG has 2147483647 × 1 pixels"},
		{"bomb3.png", headerPNG(60000, 60000), Options{}, "the PNG has 60000 × 60000 pixels (width, height); the limits are 65536 and 89478485 in all"},
		{"zero.png", headerPNG(0, 5), Options{}, "the PNG "},
		{"minus.png", headerPNG(1<<31, 1<<31), Options{}, "the PNG "},
		{"bomb.jpg", sized("420.jpg", sof+5, 0xff, 0xff, 0xff, 0xff), Options{}, "the JPEG has 65535 × 65535 pixels"},
		{"bomb.gif", sized("first.gif", 6, 0xff, 0xff, 0xff, 0xff), Options{}, "the GIF has 65535 × 65535 pixels"},
		{"bomb.bmp", sized("rgb.bmp", 18, 0xff, 0xff, 0xff, 0x00, 0xff, 0xff, 0xff, 0x00), Options{}, "the BMP has 16777215 × 16777215 pixels"},
		{"bomb.webp", sized("lossless_alpha.webp", 21, 0xff, 0xff, 0xff, 0x0f), Options{}, "the WebP has 16384 × 16384 pixels"},
		{"limit.png", read("rgb.png"), Options{MaxPixels: 61*43 - 1}, "the PNG has 61 × 43 pixels (width, height); the limits are 65536 and 2622 in all"},
		{"out.png", read("rgb.png"), Options{Shorter: 2000, MaxPixels: 1e6}, "the PNG of 61 × 43 pixels (width, height) becomes 2837 × 2000; the limit is 1000000 in all"},
		{"out2.png", read("rgb.png"), Options{Height: 60000, Width: 60000}, "becomes 60000 × 60000"},
		{"cut.png", read("rgb.png")[:900], Options{}, "the PNG is damaged, cut off, or of a kind that is not supported: png: invalid format: not enough pixel data"},
		{"cut.jpg", read("420.jpg")[:900], Options{}, "the JPEG is damaged, cut off"},
		{"cut.gif", read("first.gif")[:900], Options{}, "the GIF is "},
		{"cut.webp", read("lossless.webp")[:900], Options{}, "the WebP is "},
		{"cut.bmp", read("rgb.bmp")[:900], Options{}, "the BMP is cut off: unexpected EOF"},
		{"cut header.jpg", read("420.jpg")[:20], Options{}, "the JPEG is "},
		{"sum.png", sized("rgb.png", 200, 1, 2, 3, 4), Options{}, "the PNG is damaged"},
		{"long.png", append(headerPNG(2, 2), make([]byte, 65<<20)...), Options{}, "the PNG has 65 MiB for 2 × 2 pixels"},
		{"name\nof two lines", nil, Options{}, "the file is empty"},
	} {
		d, err := NewDecoder(c.o)
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err = d.Bytes(new(raster.Image), c.name, c.data)
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") ||
			!strings.HasPrefix(err.Error(), printable.Text(c.name)+": ") {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 1<<20 {
			t.Errorf("%s: took %d bytes", c.name, took)
		}
	}
}

// TestNoFile: paths that lead to no regular file.
func TestNoFile(t *testing.T) {
	d, err := NewDecoder(Options{})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for path, want := range map[string]string{dir: "not a regular file", filepath.Join(dir, "none"): "no such file"} {
		if err := d.File(new(raster.Image), path); err == nil || !strings.HasPrefix(err.Error(), path+": "+want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if err := d.File(new(raster.Image), filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v does not wrap fs.ErrNotExist", err)
	}
}

func TestOptionsCheck(t *testing.T) {
	for _, o := range []Options{
		{Channels: 2}, {Channels: -1}, {Shorter: -1}, {Height: 3}, {Width: 3}, {Height: -1, Width: -1}, {MaxPixels: -1},
		{Shorter: 1 << 20}, {Height: 1 << 20, Width: 1},
	} {
		if _, err := NewDecoder(o); err == nil {
			t.Errorf("%+v: no error", o)
		}
		if _, err := NewFiles(&Folder{}, o); err == nil {
			t.Errorf("%+v: no error for files", o)
		}
	}
}

// TestTruncated: a file that was cut off anywhere gives an error, or, where only its end
// is missing, its image.
func TestTruncated(t *testing.T) {
	d, err := NewDecoder(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"grey.png", "420.jpg", "progressive.jpg", "first.gif", "lossy_alpha.webp", "lossless_alpha.webp", "palette.bmp",
	} {
		data, err := os.ReadFile(filepath.Join("testdata/images", name))
		if err != nil {
			t.Fatal(err)
		}
		var want, got raster.Image
		if err := d.Bytes(&want, name, data); err != nil {
			t.Fatal(err)
		}
		for n := 0; n < len(data); n += 1 + n/50 {
			if err := d.Bytes(&got, name, data[:n]); err == nil && !bytes.Equal(got.Pix, want.Pix) {
				t.Errorf("%s cut off after %d of %d: another image, no error", name, n, len(data))
				break
			}
		}
	}
}

// TestPartialGIF: the frame of a GIF is a part of its picture; the rest shows the
// background.
func TestPartialGIF(t *testing.T) {
	frame := image.NewPaletted(image.Rect(2, 1, 4, 2), color.Palette{color.White, color.RGBA{200, 100, 50, 255}})
	frame.SetColorIndex(3, 1, 1)
	var buf bytes.Buffer
	whole := &gif.GIF{Image: []*image.Paletted{frame}, Delay: []int{0}, Config: image.Config{Width: 5, Height: 3}}
	if err := gif.EncodeAll(&buf, whole); err != nil {
		t.Fatal(err)
	}
	d, err := NewDecoder(Options{Background: 7})
	if err != nil {
		t.Fatal(err)
	}
	var im raster.Image
	if err := d.Bytes(&im, "gif", buf.Bytes()); err != nil {
		t.Fatal(err)
	}
	want := bytes.Repeat([]byte{7}, 45)
	copy(want[(1*5+2)*3:], []byte{255, 255, 255, 200, 100, 50})
	if im.H != 3 || im.W != 5 || !bytes.Equal(im.Pix, want) {
		t.Errorf("got %v", im)
	}
}

// TestReserve: the memory of an image is asked for before it is taken, and an error ends
// the reading.
func TestReserve(t *testing.T) {
	d, err := NewDecoder(Options{})
	if err != nil {
		t.Fatal(err)
	}
	full := errors.New("full")
	for name, least := range map[string]int64{"420.jpg": 61 * 43 * 12, "progressive.jpg": 61 * 43 * 28, "rgb.png": 61 * 43 * 18} {
		var asked int64
		err := d.read(new(raster.Image), File{Path: filepath.Join("testdata/images", name)}, func(bytes int64) error {
			asked = bytes
			return full
		})
		if !errors.Is(err, full) || asked < least || asked > 2*least+1<<14 {
			t.Errorf("%s: asked for %d bytes, at least %d expected; %v", name, asked, least, err)
		}
	}
}

// TestMemoryEstimate: decoding takes no more than a format's memory.
func TestMemoryEstimate(t *testing.T) {
	const h, w = 400, 600
	m := photo(h, w, 1)
	deep := image.NewNRGBA64(m.Rect)
	for i := range deep.Pix {
		deep.Pix[i] = uint8(i * i)
	}
	encoded := map[string][]byte{}
	for name, encode := range map[string]func(io.Writer) error{
		"png":  func(b io.Writer) error { return png.Encode(b, m) },
		"deep": func(b io.Writer) error { return png.Encode(b, deep) },
		"jpeg": func(b io.Writer) error { return jpeg.Encode(b, m, nil) },
		"bmp":  func(b io.Writer) error { return bmp.Encode(b, m) },
		"gif":  func(b io.Writer) error { return gif.Encode(b, m, nil) },
	} {
		var b bytes.Buffer
		if err := encode(&b); err != nil {
			t.Fatal(err)
		}
		encoded[name] = b.Bytes()
	}
	for _, name := range []string{"progressive.jpg", "lossless_alpha.webp", "lossy_alpha.webp", "cmyk.jpg"} {
		data, err := os.ReadFile(filepath.Join("testdata/images", name))
		if err != nil {
			t.Fatal(err)
		}
		encoded[name] = data
	}
	for name, data := range encoded {
		head, err := readHeader(bufio.NewReaderSize(bytes.NewReader(data), 64<<10), DefaultMaxPixels)
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := head.format.decode(bytes.NewReader(data)); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		// Decoders have tables besides.
		if took := int64(after.TotalAlloc - before.TotalAlloc); took > head.memory+128<<10 {
			t.Errorf("%s of %d × %d: %d bytes, more than %d", name, head.h, head.w, took, head.memory)
		}
	}
}

func TestOrientationOfDamagedEXIF(t *testing.T) {
	good := []byte("II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00")
	if got := orientation(good); got != 6 {
		t.Errorf("orientation %d, want 6", got)
	}
	big := []byte("MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x03\x00\x00")
	if got := orientation(big); got != 3 {
		t.Errorf("orientation %d, want 3", got)
	}
	for n := range good {
		if got := orientation(good[:n]); got != 1 {
			t.Errorf("cut off after %d: %d", n, got)
		}
	}
	for _, v := range []byte{0, 9, 200} {
		wrong := bytes.Clone(good)
		wrong[18] = v
		if got := orientation(wrong); got != 1 {
			t.Errorf("orientation %d is taken as %d", v, got)
		}
	}
	far := bytes.Clone(good)
	copy(far[4:], "\xff\xff\xff\xff")
	if got := orientation(far); got != 1 {
		t.Errorf("directory outside: %d", got)
	}
}

func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob("testdata/images/*")
	if err != nil || len(files) < 30 {
		f.Fatalf("%d files, %v", len(files), err)
	}
	for i, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, uint8(i))
	}
	const most = 1 << 14
	options := []Options{
		{MaxPixels: most}, {MaxPixels: most, Channels: 1, Shorter: 9}, {MaxPixels: most, Shorter: 12, Height: 8, Width: 10},
		{MaxPixels: most, Channels: 3, Height: 5, Width: 40},
	}
	f.Fuzz(func(t *testing.T, data []byte, which uint8) {
		hostile.Bounded(t, len(data), hostile.Bytes{Base: 16 << 20, Ratio: 20}, func() {
			o := options[int(which)%len(options)]
			d, err := NewDecoder(o)
			if err != nil {
				t.Fatal(err)
			}
			var im raster.Image
			if err := d.Bytes(&im, "file", data); err != nil {
				if strings.ContainsAny(err.Error(), "\n\r") || !strings.HasPrefix(err.Error(), "file: ") {
					t.Fatalf("%q", err)
				}
				return
			}
			if o.Height > 0 && (im.H != o.Height || im.W != o.Width) || o.Channels > 0 && im.C != o.Channels ||
				len(im.Pix) != im.H*im.W*im.C || len(im.Pix) == 0 {
				t.Fatalf("%d×%d×%d with %d values", im.H, im.W, im.C, len(im.Pix))
			}
		})
	})
}

// FuzzOrientation: whatever the metadata of a file, its orientation is one of 1 to 8.
func FuzzOrientation(f *testing.F) {
	for _, name := range []string{"orientation6.jpg", "orientation6.png", "orientation5.webp"} {
		data, err := os.ReadFile(filepath.Join("testdata/images", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		hostile.Bounded(t, len(data), hostile.Bytes{Base: 1 << 20, Ratio: 1}, func() {
			for _, read := range []func([]byte) int{orientation, jpegOrientation, pngOrientation, webpOrientation} {
				if o := read(data); o < 1 || o > 8 {
					t.Errorf("orientation %d", o)
				}
			}
		})
	})
}
