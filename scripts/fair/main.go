// Command fair measures penalty weights and group losses, against a uniform penalty of the same
// strength, on a minority that follows a rule of its own:
//
//	go run ./scripts/fair -splits 10
//
// Two worlds are made for each split: a table in which a flag of 6 % of the people decides
// their outcome, and digits of which a tenth is told by a pixel below alone. For each strength and each way
// it trains and prunes a network (the configs stand in ways.go), and prints accuracy and the errors
// of the groups on the test examples, means over the splits, and the front of the means that no
// other one beats in both, as a table and as an SVG.
package main

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"pare/report/chart"
)

func main() {
	splits := flag.Int("splits", 10, "splits; each has data and seeds of its own")
	out := flag.String("out", "", "folder for data, runs and figures; empty: a temporary one that is removed")
	only := flag.String("worlds", "table,images", "worlds")
	flag.Parse()
	if err := compare(*splits, *out, strings.Split(*only, ",")); err != nil {
		fmt.Fprintln(os.Stderr, "fair:", err)
		os.Exit(1)
	}
}

// errors of a run on its test examples.
type errorsOf struct{ all, majority, minority float64 }

func (e errorsOf) gap() float64 { return math.Abs(e.minority - e.majority) }

func compare(splits int, out string, only []string) error {
	if splits < 1 {
		return fmt.Errorf("-splits is %d, it must be at least 1", splits)
	}
	if out == "" {
		dir, err := os.MkdirTemp("", "fair")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		out = dir
	}
	out, err := filepath.Abs(out)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	train := filepath.Join(out, "train")
	if text, err := exec.Command("go", "build", "-o", train, "./cmd/train").CombinedOutput(); err != nil {
		return fmt.Errorf("build train: %w: %s", err, text)
	}
	for _, w := range worlds {
		if slices.Contains(only, w.name) {
			if err := w.compare(train, filepath.Join(out, w.name), splits); err != nil {
				return err
			}
		}
	}
	return nil
}

// compare measures all ways of a world.
func (w world) compare(train, dir string, splits int) error {
	results := make([][][]errorsOf, len(w.ways)) // by way and strength
	for k := range results {
		results[k] = make([][]errorsOf, len(w.strengths))
	}
	for split := range splits {
		data := filepath.Join(dir, fmt.Sprintf("data-%d", split+1))
		if err := os.MkdirAll(data, 0o755); err != nil {
			return err
		}
		if err := w.write(data, uint64(split+1)); err != nil {
			return err
		}
		config := filepath.Join(data, "config.yaml")
		if err := os.WriteFile(config, []byte(w.config), 0o600); err != nil {
			return err
		}
		for k, way := range w.ways {
			for i, strength := range w.strengths {
				run := filepath.Join(dir, fmt.Sprintf("run-%d-%d-%d", split+1, k, i))
				args := []string{"-config", config, "-out", run, "-set", fmt.Sprintf("seed=%d", split+1),
					"-set", fmt.Sprintf("penalties.0.lambda=%g", strength)}
				for _, s := range way.set {
					args = append(args, "-set", strings.Replace(s, "DATA", data, 1))
				}
				if text, err := exec.Command(train, args...).CombinedOutput(); err != nil {
					return fmt.Errorf("train %s: %w: %s", strings.Join(args, " "), err, text)
				}
				e, err := readErrors(run)
				if err != nil {
					return err
				}
				results[k][i] = append(results[k][i], e)
			}
		}
	}
	return w.print(results, splits, dir)
}

// readErrors reads the audit of a run.
func readErrors(run string) (errorsOf, error) {
	var a struct {
		Tables []struct {
			Groups   []struct{ Values []string }
			Measures []struct {
				Name   string
				Stages []struct {
					Overall struct{ Value float64 }
					Groups  []struct{ Value float64 }
				}
			}
		}
	}
	text, err := os.ReadFile(filepath.Join(run, "audit", "audit.json"))
	if err == nil {
		err = json.Unmarshal(text, &a)
	}
	if err != nil {
		return errorsOf{}, err
	}
	out := errorsOf{math.NaN(), math.NaN(), math.NaN()}
	for _, m := range a.Tables[0].Measures {
		if m.Name != "accuracy" {
			continue
		}
		last := m.Stages[len(m.Stages)-1]
		out.all = 1 - last.Overall.Value
		for k, g := range a.Tables[0].Groups {
			if g.Values[0] == minority {
				out.minority = 1 - last.Groups[k].Value
			} else {
				out.majority = 1 - last.Groups[k].Value
			}
		}
	}
	return out, nil
}

// print prints the table of a world and draws its figure.
func (w world) print(results [][][]errorsOf, splits int, dir string) error {
	fmt.Printf("\n%s, %d splits: means of the test examples, in %%\n\n", w.name, splits)
	fmt.Println("| way | lambda | error | of the majority | of the minority | gap | gap cut by | error less uniform | splits that meet the aim |")
	fmt.Println("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
	figure := chart.Figure{Title: w.name, X: "error, %", Y: "gap between groups, points"}
	var all []chart.Spot
	for k, way := range w.ways {
		series := chart.Series{Name: way.name}
		for i, strength := range w.strengths {
			m, base := mean(results[k][i]), mean(results[0][i])
			met := 0
			for s, e := range results[k][i] {
				if meets(e, results[0][i][s]) {
					met++
				}
			}
			fmt.Printf("| %s | %g | %.2f | %.2f | %.2f | %.2f | %.0f %% | %+.2f | %d of %d |\n", way.name, strength, 100*m.all, 100*m.majority, 100*m.minority,
				100*m.gap(), 100*(1-m.gap()/base.gap()), 100*(m.all-base.all), met, splits)
			low, high := math.Inf(1), 0.0
			for _, e := range results[k][i] {
				low, high = min(low, e.gap()), max(high, e.gap())
			}
			spot := chart.Spot{X: 100 * m.all, Y: 100 * m.gap(), Low: 100 * low, High: 100 * high, Tip: fmt.Sprintf("%s, lambda %g", way.name, strength)}
			series.Spots, all = append(series.Spots, spot), append(all, spot)
		}
		slices.SortFunc(series.Spots, func(a, b chart.Spot) int { return cmp.Compare(a.X, b.X) })
		figure.Series = append(figure.Series, series)
	}
	figure.Front = front(all)
	for _, s := range figure.Front {
		fmt.Printf("\non the front: %s: error %.2f %%, gap %.2f points", s.Tip, s.X, s.Y)
	}
	fmt.Println()
	file, err := os.Create(filepath.Join(dir, "front.svg"))
	if err != nil {
		return err
	}
	if err := figure.WriteSVG(file); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}

// meets reports whether a way cut the gap of the uniform penalty by half, for at most one point of
// error over all and in each group.
func meets(e, uniform errorsOf) bool {
	return e.gap() <= uniform.gap()/2 && e.all <= uniform.all+0.01 && e.majority <= uniform.majority+0.01 && e.minority <= uniform.minority+0.01
}

func mean(all []errorsOf) errorsOf {
	var m errorsOf
	for _, e := range all {
		n := float64(len(all))
		m.all, m.majority, m.minority = m.all+e.all/n, m.majority+e.majority/n, m.minority+e.minority/n
	}
	return m
}

// front are the spots that no other one beats in both error and gap, by error.
func front(all []chart.Spot) []chart.Spot {
	sorted := slices.Clone(all)
	slices.SortFunc(sorted, func(a, b chart.Spot) int { return cmp.Or(cmp.Compare(a.X, b.X), cmp.Compare(a.Y, b.Y)) })
	var out []chart.Spot
	for _, s := range sorted {
		if len(out) == 0 || s.Y < out[len(out)-1].Y {
			out = append(out, s)
		}
	}
	return out
}
