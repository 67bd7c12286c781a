package results

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// chromium is the path of a browser; without one the test is skipped.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("Chromium is not installed")
	return ""
}

// probe is a page that shows report.html in a frame of a width, uses it as a reader does,
// and writes its findings as JSON.
const probe = `<!DOCTYPE html><meta charset="utf-8"><iframe id="page" src="report.html" style="width:%dpx;height:900px;border:0"></iframe>
<pre id="findings"></pre><script>
const frame = document.getElementById("page");
frame.addEventListener("load", () => {
  const errors = [], doc = frame.contentDocument, win = frame.contentWindow;
  win.addEventListener("error", (e) => errors.push(e.message));
  const all = (s) => [...doc.querySelectorAll(s)];
  const out = {};
  try {
    const marks = () => all("#plot a").length;
    out.overflow = doc.documentElement.scrollWidth - win.innerWidth;
    out.width = win.innerWidth;
    out.marks = marks();
    out.curves = all("#names button").length;
    const links = all("#plot a").map((a) => a.getAttribute("href"));
    out.links = new Set(links).size;
    const first = all("#plot a")[0];
    first.dispatchEvent(new win.PointerEvent("pointerenter"));
    out.named = doc.querySelector("#run h3").textContent;
    out.layers = all("#run .width").length;
    out.tip = first.querySelector("title").textContent;
    const ticks = () => all("#plot text").map((t) => t.textContent).join(" ");
    const before = ticks();
    const at = (x, y) => { const b = doc.querySelector("#plot svg").getBoundingClientRect();
      return { clientX: b.left + x * b.width, clientY: b.top + y * b.height, bubbles: true, button: 0, pointerType: "mouse" }; };
    const svg = doc.querySelector("#plot svg");
    svg.dispatchEvent(new win.PointerEvent("pointerdown", at(0.5, 0.06)));
    win.dispatchEvent(new win.PointerEvent("pointermove", at(0.7, 0.5)));
    win.dispatchEvent(new win.PointerEvent("pointerup", at(0.8, 0.6)));
    out.zoomed = ticks() !== before;
    doc.getElementById("reset").click();
    out.reset = ticks() === before;
    doc.getElementById("in").click();
    out.magnified = ticks() !== before;
    out.axes = [];
    for (const axis of ["x", "y"]) for (const o of all("#" + axis + " option")) {
      const s = doc.getElementById(axis);
      s.value = o.value;
      s.dispatchEvent(new win.Event("change"));
      const drawn = doc.getElementById("plot").innerHTML;
      out.axes.push(axis + " " + o.textContent + " " + (marks() > 0 && !/NaN|Infinity|undefined/.test(drawn)));
    }
    all("#names button")[1].click();
    out.hidden = out.marks - marks();
  } catch (e) { errors.push(String(e)); }
  out.errors = errors;
  document.getElementById("findings").textContent = JSON.stringify(out);
});
</script>`

// The page works in a browser at the widths of a telephone and of a screen: no errors, no
// scrolling sideways, every run named and linked, zoom and all axes.
func TestPageInChromium(t *testing.T) {
	browser := chromium(t)
	dense, runs := sweepRuns(t)
	s, err := Read(sources(slices.Concat(dense, runs)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := s.Write(dir, OverMACs, "a sweep"); err != nil {
		t.Fatal(err)
	}
	for _, width := range []int{390, 1280} {
		file := filepath.Join(dir, fmt.Sprintf("probe%d.html", width))
		if err := os.WriteFile(file, fmt.Appendf(nil, probe, width), 0o644); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--user-data-dir="+t.TempDir(),
			"--allow-file-access-from-files", "--enable-logging=stderr", "--virtual-time-budget=8000", "--dump-dom", "file://"+file)
		var out, log bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &log
		if err := cmd.Run(); err != nil {
			t.Skipf("Chromium does not run here: %v", err)
		}
		if console := regexp.MustCompile(`(?m)^.*CONSOLE.*$`).FindAllString(log.String(), -1); len(console) > 0 {
			t.Errorf("%d: on the console: %q", width, console)
		}
		found := regexp.MustCompile(`(?s)<pre id="findings">(.*?)</pre>`).FindStringSubmatch(out.String())
		if found == nil || found[1] == "" {
			t.Fatalf("%d: no findings in %.2000s", width, out.String())
		}
		var f struct {
			Overflow, Width, Marks, Curves, Links, Layers, Hidden int
			Named, Tip                                            string
			Zoomed, Reset, Magnified                              bool
			Axes, Errors                                          []string
		}
		if err := json.Unmarshal([]byte(strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(found[1])), &f); err != nil {
			t.Fatal(err)
		}
		if len(f.Errors) > 0 || f.Overflow > 0 || f.Width != width || f.Marks != len(s.Rows) || f.Links != len(s.Rows) || f.Curves != 8 ||
			f.Layers != 3 || f.Hidden != 6 || f.Named == "" || f.Named != f.Tip || !f.Zoomed || !f.Reset || !f.Magnified || len(f.Axes) < 16 ||
			slices.ContainsFunc(f.Axes, func(a string) bool { return !strings.HasSuffix(a, " true") }) {
			t.Errorf("%d: %+v", width, f)
		}
	}
}
