package app

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"pare/cmd/internal/cli"
)

// shop is a row of the table of the tests below.
type shop struct {
	Size   float64 `parquet:"size"`
	City   string  `parquet:"city"`
	Floors int64   `parquet:"floors"`
	Price  float64 `parquet:"price"` // far from mean 0 and deviation 1
	Kind   string  `parquet:"kind"`
	Hot    int64   `parquet:"hot"`
	Wet    int64   `parquet:"wet"`
}

func shops(n int) (out []shop) {
	for i := range n {
		s := shop{Size: 10 + float64(i*7%23)/4, City: []string{"Bern", "Oslo", "Rome"}[i*i%7%3], Floors: int64(i % 4),
			Hot: int64(i / 2 % 2), Wet: int64(i / 3 % 2)}
		s.Price = 1000*s.Size + 500*float64(s.Floors)
		s.Kind = []string{"big", "mid", "small"}[(i+i/5)%3]
		out = append(out, s)
	}
	return out
}

// shopCSV is a CSV file of some columns of rows.
func shopCSV(t *testing.T, rows []shop, columns string) string {
	t.Helper()
	text := columns + "\n"
	for _, s := range rows {
		cells := map[string]string{"size": fmt.Sprint(s.Size), "city": s.City, "floors": fmt.Sprint(s.Floors), "price": fmt.Sprint(s.Price),
			"kind": s.Kind, "hot": fmt.Sprint(s.Hot), "wet": fmt.Sprint(s.Wet), "extra": "7"}
		var row []string
		for _, name := range strings.Split(columns, ",") {
			row = append(row, cells[name])
		}
		text += strings.Join(row, ",") + "\n"
	}
	return file(t, "shops.csv", text)
}

// records reads a CSV file.
func records(t *testing.T, path string) [][]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

const allShops = "size,city,floors,price,kind,hot,wet"

// shopRun trains on shops to predict a target, with all columns known.
func shopRun(t *testing.T, target string) (folder, data string) {
	t.Helper()
	rows := shops(60)
	data, folder = shopCSV(t, rows, allShops), filepath.Join(t.TempDir(), "run")
	config := `
name: shops
data: {dataset: table, file: %q, test_file: %q, columns: [size, city, floors], %s}
model: {type: mlp, hidden: [6], embed: 2}
train: {epochs: 2, batch: 10, optimizer: {type: adam, lr: 0.01}}
`
	if _, err := makeRun(folder, fmt.Sprintf(config, data, shopCSV(t, rows[:20], allShops), target)); err != nil {
		t.Fatal(err)
	}
	return folder, data
}

// TestPredictTable: files with the training rows give the predictions of -split train.
func TestPredictTable(t *testing.T) {
	for target, head := range map[string]string{
		"target: kind":                        "example,target,prediction,probability,big,mid,small",
		"target: price":                       "example,target,price",
		"target: [hot, wet], task: labels":    "example,target,prediction,hot,wet",
		"target: [hot, price], task: numbers": "example,target_hot,target_price,hot,price",
	} {
		t.Run(target, func(t *testing.T) {
			folder, data := shopRun(t, target)
			out := filepath.Join(t.TempDir(), "p.csv")
			predict := func(args ...string) [][]string {
				succeed(t, append([]string{"predict", folder, "-out", out}, args...)...)
				return records(t, out)
			}
			want := predict("-split", "train")
			if got := strings.Join(want[0], ","); got != head {
				t.Fatalf("columns %s", got)
			}
			rows, from := shops(60), 1+strings.Count(head, "target")
			for i, row := range want[1:] {
				s := rows[i]
				price := strconv.FormatFloat(s.Price, 'g', -1, 32)
				truth := map[string]string{"target: kind": s.Kind, "target: price": price,
					"target: [hot, price], task: numbers": fmt.Sprintf("%d,%s", s.Hot, price),
					"target: [hot, wet], task: labels":    strings.Trim(strings.Repeat("hot;", int(s.Hot))+strings.Repeat("wet", int(s.Wet)), ";")}[target]
				if got := strings.Join(row[1:from], ","); got != truth {
					t.Fatalf("row %d: targets %q, the file has %q", i, got, truth)
				}
			}
			parquetFile := filepath.Join(t.TempDir(), "shops.parquet")
			if err := parquet.WriteFile(parquetFile, rows); err != nil {
				t.Fatal(err)
			}
			for name, path := range map[string]string{
				"the same file": data, "Parquet": parquetFile,
				"no target":   shopCSV(t, rows, "size,city,floors"),
				"other order": shopCSV(t, rows, "extra,city,floors,size"),
			} {
				got := predict(path)
				if got[0][0] != "row" || !slices.Equal(got[0][1:], want[0][from:]) || len(got) != len(want) {
					t.Fatalf("%s: %d rows of %q", name, len(got), got[0])
				}
				for i := range got[1:] {
					if !slices.Equal(got[i+1][1:], want[i+1][from:]) {
						t.Fatalf("%s: row %d: %q, by -split train %q", name, i+1, got[i+1], want[i+1])
					}
				}
			}
			reversed := slices.Clone(rows)
			slices.Reverse(reversed) // categories come in another order
			got := predict(shopCSV(t, reversed, allShops))
			for i := range reversed {
				if !slices.Equal(got[len(got)-1-i][1:], want[i+1][from:]) {
					t.Fatalf("reversed: row %d: %q, by -split train %q", i+1, got[len(got)-1-i], want[i+1])
				}
			}
			status, _, noted := pare("predict", folder, shopCSV(t, rows, "size,city,floors,extra"))
			if status != 0 {
				t.Fatal(noted)
			}
			contains(t, noted, "shops.csv: columns that are no inputs of the network are left out: extra")
			odd := slices.Clone(rows[:3])
			odd[1].City = "Paris"
			unseen := shopCSV(t, odd, "size,city,floors")
			fail(t, cli.ExitBadInput, `shops.csv: row 2, column city: no training row has the value "Paris"; train with unseen: other to accept such rows`,
				"predict", folder, unseen)
			contains(t, succeed(t, "predict", folder, unseen, "-skip-bad"), "examples: 2, skipped: 1")
			fail(t, cli.ExitBadInput, "shops.csv: ", "predict", folder, shopCSV(t, rows, "size,floors"))
		})
	}
}

// TestPredictNumbersOfTable: numbers are in the units of the file and are measured by R² and errors, as
// they follow from the written predictions, not by accuracy.
func TestPredictNumbersOfTable(t *testing.T) {
	folder, _ := shopRun(t, "target: price")
	out := filepath.Join(t.TempDir(), "p.csv")
	printed := succeed(t, "predict", folder, "-split", "test", "-out", out)
	rows := records(t, out)[1:]
	mean, square, absolute, spread := 0.0, 0.0, 0.0, 0.0
	parse := func(s string) float64 {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, r := range rows {
		mean += parse(r[1]) / float64(len(rows))
	}
	for _, r := range rows {
		y, o := parse(r[1]), parse(r[2])
		square, absolute, spread = square+(y-o)*(y-o), absolute+math.Abs(y-o), spread+(y-mean)*(y-mean)
	}
	n := float64(len(rows))
	contains(t, printed, fmt.Sprintf("mean square error %.4g\nR² %.4f\nmean absolute error %.4g\n", square/n, 1-square/spread, absolute/n))
	if strings.Contains(printed, "accuracy") {
		t.Errorf("accuracy of numbers:\n%s", printed)
	}
	if math.Abs(parse(rows[0][2])-mean) > 20*math.Sqrt(spread/n) {
		t.Errorf("prediction %s, the mean of targets is %g", rows[0][2], mean)
	}
	out = filepath.Join(t.TempDir(), "p.json")
	succeed(t, "predict", folder, "-split", "test", "-out", out)
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	contains(t, string(text), `"target": {"price": 10000}, "prediction": {"price": `)
}

// TestEstimatorsReadTables: lasso and glasso give the same for CSV, Parquet and npz.
func TestEstimatorsReadTables(t *testing.T) {
	rows := shops(60)
	columns := "size,floors,hot,wet,price"
	type numbers struct {
		Size   float64 `parquet:"size"`
		Floors int64   `parquet:"floors"`
		Hot    int64   `parquet:"hot"`
		Wet    int64   `parquet:"wet"`
		Price  float64 `parquet:"price"`
	}
	var of []numbers
	for _, s := range rows {
		of = append(of, numbers{s.Size, s.Floors, s.Hot, s.Wet, s.Price})
	}
	text, packed := shopCSV(t, rows, columns), filepath.Join(t.TempDir(), "shops.parquet")
	if err := parquet.WriteFile(packed, of); err != nil {
		t.Fatal(err)
	}
	arrays := filepath.Join(t.TempDir(), "shops.npz")
	var b bytes.Buffer
	archive := zip.NewWriter(&b)
	for k, name := range strings.Split(columns, ",") {
		w, err := archive.Create(name + ".npy")
		if err != nil {
			t.Fatal(err)
		}
		header := fmt.Sprintf("{'descr': '<f8', 'fortran_order': False, 'shape': (%d,), }\n", len(of))
		raw := append(binary.LittleEndian.AppendUint16([]byte("\x93NUMPY\x01\x00"), uint16(len(header))), header...)
		for _, s := range of {
			v := []float64{s.Size, float64(s.Floors), float64(s.Hot), float64(s.Wet), s.Price}[k]
			raw = binary.LittleEndian.AppendUint64(raw, math.Float64bits(v))
		}
		if _, err := w.Write(raw); err != nil {
			t.Fatal(err)
		}
	}
	err := archive.Close()
	if err == nil {
		err = os.WriteFile(arrays, b.Bytes(), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"lasso", "-target", "price", "-lambda", "10", "-json"}, {"glasso", "-corr", "-lambda", "0.1", "-json"}} {
		want := succeed(t, append(args, "-data", text)...)
		for _, path := range []string{packed, arrays} {
			got := succeed(t, append(args, "-data", path)...)
			if strings.ReplaceAll(got, filepath.Base(path), filepath.Base(text)) != want {
				t.Errorf("%s of %s:\n%s\nof CSV:\n%s", args[0], path, got, want)
			}
		}
	}
}
