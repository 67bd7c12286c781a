package datasets

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"pare/internal/option"
)

// Recipe says how files become inputs of a network, just as its training data did. A Set
// carries the recipe of its data, and a saved model keeps it, so that the model alone can
// read new files. A Recipe is a pointer to a struct that is written as JSON. Its kind is
// registered in Recipes.
type Recipe interface {
	// Kind is its name in Recipes.
	Kind() string
	// Validate reports values that make no sense. A file may hold any.
	Validate() error
	// Size is the number of input values of one example.
	Size() int
	// Open opens files and folders, whose examples keep the order of paths. An error names
	// the file that has another form than the recipe.
	Open(ctx context.Context, paths []string, o RecipeOptions) (Inputs, error)
}

// Recipes are the kinds of recipes by name.
var Recipes = option.NewKinds[Recipe]("recipe")

// RecipeOptions are the facts that a recipe does not hold.
type RecipeOptions struct {
	// Normalization is the model's, one mean and deviation a channel or a value of a vector.
	// The zero value leaves inputs as they are, images with values in 0..1.
	Normalization Normalization
	// Resize stretches images of another size to the network's, where the recipe itself does
	// not resize them.
	Resize bool
	// Progress, unless nil, is called with the progress of reading files in Open.
	Progress func(doing string, done, total int64)
}

// Inputs are the examples of new files, without targets.
type Inputs interface {
	// Len is the number of examples.
	Len() int
	// Place says where an example lies.
	Place(i int) Place
	// Read calls each for the first n examples, in order: with the inputs, normalised and
	// channels last as Part.Fill gives them, which are valid during the call, or with the
	// error of an example that cannot be read. It ends with the error that each returns, or
	// with ctx.
	Read(ctx context.Context, n int, each func(x []float32, err error) error) error
	// Notes are warnings about the files, a line each.
	Notes() []string
	// Close closes the files.
	Close()
}

// Place is where an example lies: the row of a file, or a file of its own.
type Place struct {
	File string // its path
	Row  int    // counted from 1, below a header; 0: the file is the example
}

// EncodeRecipe writes a recipe as a JSON object that begins with its kind.
func EncodeRecipe(r Recipe) ([]byte, error) {
	fields, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("recipe %s: %w", r.Kind(), err)
	}
	out := fmt.Appendf(nil, `{"kind":%q`, r.Kind())
	if rest := bytes.TrimPrefix(fields, []byte("{")); len(rest) > 1 {
		return append(append(out, ','), rest...), nil
	}
	return append(out, '}'), nil
}

// DecodeRecipe reads a recipe strictly, and checks it.
func DecodeRecipe(text []byte) (Recipe, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, fmt.Errorf("recipe: %w", err)
	}
	var kind string
	if err := json.Unmarshal(fields["kind"], &kind); err != nil {
		return nil, fmt.Errorf("recipe: it has no kind; known: %v", Recipes.Names())
	}
	r, err := Recipes.New(kind)
	if err != nil {
		return nil, err
	}
	delete(fields, "kind")
	rest, err := json.Marshal(fields)
	if err != nil {
		return nil, fmt.Errorf("recipe %s: %w", kind, err)
	}
	strict := json.NewDecoder(bytes.NewReader(rest))
	strict.DisallowUnknownFields()
	if err := strict.Decode(r); err != nil {
		return nil, fmt.Errorf("recipe %s: %w", kind, err)
	}
	if err := r.Validate(); err != nil {
		return nil, fmt.Errorf("recipe %s: %w", kind, err)
	}
	return r, nil
}
