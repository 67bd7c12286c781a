package imagefile

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pare/datasets/raster"
)

// tree makes files with some content below a new folder; "a -> b" makes a link.
func tree(t *testing.T, paths ...string) string {
	t.Helper()
	root := t.TempDir()
	for _, p := range paths {
		p, link, isLink := strings.Cut(p, " -> ")
		p = filepath.Join(root, p)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if isLink {
			err = os.Symlink(link, p)
		} else {
			err = os.WriteFile(p, []byte(p), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func relative(t *testing.T, f *Folder) []string {
	t.Helper()
	var out []string
	for _, file := range f.Files {
		rel, err := filepath.Rel(f.Root, file.Path)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, filepath.ToSlash(rel)+" "+f.Classes[file.Class])
	}
	return out
}

func TestListFolder(t *testing.T) {
	root := tree(t, "b/2.png", "b/10.PNG", "b/x.txt", "b/.hidden.png", "b/.git/1.png",
		"a b/z.jpeg", "a b/sub/1.webp", "a b/sub-1/2.gif",
		"B/i.bmp", "readme.md", ".cache/1.png",
		"b/link.png -> ../a b/z.jpeg", "b/up -> ..", "b/up.png -> ..", "é/1.jpg")
	f, err := ListFolder(root)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"B", "a b", "b", "é"}; !slices.Equal(f.Classes, want) {
		t.Errorf("classes %q, want %q", f.Classes, want)
	}
	want := []string{"B/i.bmp B", "a b/z.jpeg a b", "a b/sub/1.webp a b", "a b/sub-1/2.gif a b",
		"b/10.PNG b", "b/2.png b", "b/link.png b", "é/1.jpg é"}
	if got := relative(t, f); !slices.Equal(got, want) {
		t.Errorf("files %q, want %q", got, want)
	}
	if f.Skipped != 4 || f.SkippedPath != filepath.Join(root, "b/up") {
		t.Errorf("%d skipped, the first %s", f.Skipped, f.SkippedPath)
	}
	for _, file := range f.Files {
		if info, err := os.Stat(file.Path); err != nil || info.Size() != file.Size || !info.ModTime().Equal(file.Time) {
			t.Errorf("%s: %d bytes of %v", file.Path, file.Size, file.Time)
		}
	}
}

func TestListParts(t *testing.T) {
	root := tree(t, "train/cat/1.png", "train/ant/1.png", "train/dog/1.png",
		"validation/dog/1.png", "test/cat/1.png", "test/dog/2.png", "readme.md")
	p, err := ListParts(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		f    *Folder
		want []int
	}{{p.Train, []int{0, 1, 2}}, {p.Validation, []int{2}}, {p.Test, []int{1, 2}}} {
		var got []int
		for _, file := range c.f.Files {
			got = append(got, file.Class)
		}
		if !slices.Equal(got, c.want) || len(c.f.Classes) != 3 {
			t.Errorf("%s: classes %v of %q, want %v", c.f.Root, got, c.f.Classes, c.want)
		}
	}
	// Without the parts, and where train is a class.
	for _, paths := range [][]string{{"cat/1.png", "dog/1.png"}, {"bus/1.png", "train/1.png"}} {
		p, err := ListParts(tree(t, paths...))
		if err != nil || p.Validation != nil || p.Test != nil || len(p.Train.Classes) != 2 {
			t.Errorf("%q: %v, %v", paths, p, err)
		}
	}
}

func TestListErrors(t *testing.T) {
	for _, c := range []struct {
		paths []string
		want  string
	}{
		{nil, "no class folders"},
		{[]string{"1.png"}, "no class folders"},
		{[]string{"a/1.png", "b/1.tif"}, "/b: no images: a class folder needs at least one file with the extension .png, .jpg, .jpeg, .gif, .webp or .bmp"},
		{[]string{"a/1.png", "a/2.png -> nowhere"}, "/a/2.png: the link leads to no file"},
		{[]string{"a/1.png -> 2.png", "a/2.png -> 1.png"}, "the link leads to no file"},
		{[]string{"train/a/1.png", "val/b/1.png"}, "/val/b: a class that train does not have; it has a"},
		{[]string{"train/a/1.png", "val/a/1.png", "valid/a/1.png"}, "both val and valid: keep one of them"},
		{[]string{"train/a/1.png", "b/1.png"}, `a folder "b" beside train`},
		{[]string{"train/a/1.png", "test/1.png"}, "/test: no class folders"},
	} {
		_, err := ListParts(tree(t, c.paths...))
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, want %q", c.paths, err, c.want)
		}
	}
	for _, root := range []string{filepath.Join(t.TempDir(), "none"), filepath.Join(tree(t, "f"), "f")} {
		if _, err := ListParts(root); err == nil || !strings.HasPrefix(err.Error(), root+": ") {
			t.Errorf("got %v", err)
		}
	}
}

// TestListImagesDeadLink: a link that leads nowhere is listed, and an error when it is read.
func TestListImagesDeadLink(t *testing.T) {
	s := pngs(t, 3, Options{})
	link := filepath.Join(s.folder.Root, "a", "zz.png")
	if err := os.Symlink("nowhere", link); err != nil {
		t.Skip(err)
	}
	folder, err := ListImages(s.folder.Root)
	if err != nil || len(folder.Files) != 4 {
		t.Fatalf("%v, %v", folder, err)
	}
	files, err := NewFiles(folder, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range folder.Files {
		err := files.Reader().Read(new(raster.Image), i, func(int64) error { return nil })
		if dead := files.Name(i) == link; dead != (err != nil) || dead && err.Error() != link+": no such file or directory" {
			t.Errorf("%s: %v", files.Name(i), err)
		}
	}
}

// TestChangedImage: an image that changes after it was listed is refused.
func TestChangedImage(t *testing.T) {
	s := pngs(t, 3, Options{})
	path := s.Name(1)
	if err := os.Chtimes(path, time.Time{}, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	r := s.Reader()
	for i := range 3 {
		err := r.Read(new(raster.Image), i, func(int64) error { return nil })
		if i == 1 && (err == nil || err.Error() != path+": the file changed while it was read; start again") || i != 1 && err != nil {
			t.Errorf("image %d: %v", i, err)
		}
	}
}
