package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pare/cmd/internal/cli"
)

// TestLassoStationarityInSummary holds that models without a gap show their own measure, in the table and in path.csv.
func TestLassoStationarityInSummary(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "fit")
	out := succeed(t, "lasso", "-data", grades(t), "-target", "y", "-columns", numbers, "-penalty", "mcp", "-path", "8", "-out", dir)
	if !strings.Contains(out, "explained  stationarity") || !strings.Contains(out, "stationarity: largest violation") ||
		strings.Contains(out, "gap") {
		t.Error(out)
	}
	path, err := os.ReadFile(filepath.Join(dir, "path.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if header, _, _ := strings.Cut(string(path), "\n"); !strings.Contains(header, "gap,stationarity,tolerance") {
		t.Error(header)
	}
}

// TestLassoCountsFeatures holds the grammar of the summary.
func TestLassoCountsFeatures(t *testing.T) {
	out := succeed(t, "lasso", "-data", grades(t), "-target", "y", "-columns", "a", "-lambda", "0.5")
	if !strings.Contains(out, "120 rows and 1 feature\n") || !strings.Contains(out, ": 1 of 1 feature, ") {
		t.Error(out)
	}
}

// TestLassoPictureOfMeasure holds that the picture of a cross-validation draws no deviance of the rows left out
// beside another measure.
func TestLassoPictureOfMeasure(t *testing.T) {
	for measure, drawn := range map[string]bool{"deviance": true, "error": true, "auc": false} {
		dir := filepath.Join(t.TempDir(), "fit")
		succeed(t, "lasso", "-data", grades(t), "-target", "pass", "-family", "binomial", "-columns", numbers, "-path", "8",
			"-cv", "4", "-test-size", "0.3", "-measure", measure, "-out", dir)
		picture, err := os.ReadFile(filepath.Join(dir, "cv.svg"))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(picture), "rows left out") != drawn {
			t.Errorf("-measure %s: rows left out drawn: %v", measure, !drawn)
		}
	}
}

// TestLassoPredictOutsideThePath holds that a λ that the model does not have is not taken silently.
func TestLassoPredictOutsideThePath(t *testing.T) {
	data, dir := grades(t), filepath.Join(t.TempDir(), "fit")
	succeed(t, "lasso", "-data", data, "-target", "y", "-columns", numbers, "-lambda", "0.5", "-out", dir)
	out := succeed(t, "lasso", "-predict", data, "-model", dir, "-lambda", "1", "-json")
	if !strings.Contains(out, "-lambda 1 is outside the λ of the model, 0.5 to 0.5; λ = 0.5 is taken") {
		t.Errorf("%.300s", out)
	}
	if out = succeed(t, "lasso", "-predict", data, "-model", dir, "-lambda", "0.5", "-json"); strings.Contains(out, "outside") {
		t.Errorf("%.300s", out)
	}
}

// TestLassoAdvice holds that an error proposes the option that helps.
func TestLassoAdvice(t *testing.T) {
	data := grades(t)
	fail(t, cli.ExitBadInput, "-cv is 50, and the column of -groups has 30 values, each of which stays in one fold; give -cv 30 or less",
		"lasso", "-data", data, "-target", "y", "-columns", numbers, "-cv", "50", "-groups", "team")
	for _, role := range []string{"-weights", "-offset"} {
		fail(t, cli.ExitBadInput, "column school: \"east\" is not a number; the column is text with 3 different values\n",
			"lasso", "-data", data, "-target", "y", "-columns", numbers, "-lambda", "1", role, "school")
	}
	y := file(t, "y.csv", "y\n2\n3\n5\n")
	fail(t, cli.ExitBadInput, "every row is one cell; if spaces separate cells, give -sep ' '\n",
		"lasso", "-data", file(t, "x.csv", "a b\n1 2\n2 1\n3 5\n"), "-target-file", y, "-lambda", "1")
	fail(t, cli.ExitBadInput, "give -sep ' ', and -no-header, as the first row has numbers\n",
		"lasso", "-data", file(t, "x.csv", "7 1\n1 2\n2 1\n3 5\n"), "-target-file", y, "-lambda", "1")
}
