package lasso

import (
	"math"
	"slices"
	"strconv"

	"pare/stat/estimate"
	"pare/stat/internal/logistic"
	"pare/stat/linear"
)

// probabilities returns the probability of each class, class by class, of linear predictors:
// one list for two classes, or one for each class. It is nil without classes.
func probabilities(classes []string, link [][]float64) [][]float64 {
	switch {
	case classes == nil:
		return nil
	case len(link) == 1:
		out := [][]float64{make([]float64, len(link[0])), make([]float64, len(link[0]))}
		for i, eta := range link[0] {
			out[0][i], out[1][i] = logistic.Sigmoid(-eta), logistic.Sigmoid(eta)
		}
		return out
	}
	return softmax(link)
}

// softmax returns the probabilities of linear predictors of classes.
func softmax(link [][]float64) [][]float64 {
	out := make([][]float64, len(link))
	for k := range out {
		out[k] = slices.Clone(link[k])
	}
	for i := range out[0] {
		top, sum := math.Inf(-1), 0.0
		for k := range out {
			top = max(top, out[k][i])
		}
		for k := range out {
			out[k][i] = math.Exp(out[k][i] - top)
			sum += out[k][i]
		}
		for k := range out {
			out[k][i] /= sum
		}
	}
	return out
}

// mostProbable returns the class of row i.
func mostProbable(classes []string, link [][]float64, i int) string {
	best := 0
	if len(link) == 1 {
		if link[0][i] > 0 {
			best = 1
		}
		return classes[best]
	}
	for k := range link {
		if link[k][i] > link[best][i] {
			best = k
		}
	}
	return classes[best]
}

// predictionTable returns predictions as a table: the number, and the linear predictor where that
// is another one, or the class, the probability of each class and the linear predictors.
func predictionTable(family linear.Family, classes []string, link [][]float64) (header []string, rows [][]string) {
	add := func(name string) {
		for _, class := range classes {
			header = append(header, name+"("+class+")")
		}
	}
	columns := slices.Concat(probabilities(classes, link), link)
	switch {
	case family == linear.Poisson:
		header, columns = []string{"prediction", "link"}, [][]float64{means(family, link[0]), link[0]}
	case classes == nil:
		header = []string{"prediction"}
	case len(link) == 1:
		header = []string{"class"}
		add("p")
		header = append(header, "link")
	default:
		header = []string{"class"}
		add("p")
		add("link")
	}
	rows = make([][]string, len(link[0]))
	for i := range rows {
		if classes != nil {
			rows[i] = append(rows[i], mostProbable(classes, link, i))
		}
		for _, column := range columns {
			rows[i] = append(rows[i], estimate.Number(column[i]))
		}
	}
	return header, rows
}

// means are the expected responses at linear predictors.
func means(family linear.Family, link []float64) []float64 {
	out := make([]float64, len(link))
	for i, eta := range link {
		out[i] = family.Mean(eta)
	}
	return out
}

// heldOutFile returns cv-predictions.csv: for each row the prediction of the chosen model, or
// of the best λ if another one is chosen, by the fit that left the row out.
func (r *Result) heldOutFile() estimate.File {
	d, l := r.Data, r.CV.Min
	if at := r.place(); at >= 0 {
		l = at
	}
	gamma := 1.0
	if r.Chosen != nil {
		gamma = r.Chosen.Gamma
	}
	folds := r.CV.Assignments()
	var header []string
	var out [][]string
	for repeat, link := range r.CV.HeldOut(l, gamma) {
		names, rows := predictionTable(r.Options.Family, d.Classes, link)
		header = append(append([]string{"row", "repeat", "fold"}, names...), "target")
		for i, row := range rows {
			fold := folds[repeat][i]
			if fold < 0 {
				continue
			}
			target := estimate.Number(d.Y[i])
			if d.Classes != nil {
				target = d.Classes[int(d.Y[i])]
			}
			before := []string{strconv.Itoa(d.number(i)), strconv.Itoa(repeat + 1), r.foldName(i, fold)}
			out = append(out, append(append(before, row...), target))
		}
	}
	return estimate.CSVFile("cv-predictions.csv", header, out)
}

// foldName returns the name of the fold of row i: its number from 1, or the value of the
// column of folds.
func (r *Result) foldName(i, fold int) string {
	if r.Data.Fold != nil {
		return r.Data.FoldNames[r.Data.Fold[i]]
	}
	return strconv.Itoa(fold + 1)
}
