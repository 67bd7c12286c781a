package datasets

import (
	"context"
	"fmt"
)

// text is any text as a sequence of characters, to predict the next one of.
type text struct{}

func (text) Name() string { return "text" }

func (text) Doc() string {
	return "The characters of a UTF-8 text file (file, or dir with one .txt) in windows of 64 (window), to predict the next one of. " +
		"The first 90 % are for training; of the rest the first windows are for validation, as many as it asks for, and the others for test. " +
		"train, validation and test count windows. carry: rows of a batch are streams that go on, for networks that keep their state."
}

func (d text) Load(ctx context.Context, o Options) (*Set, error) {
	if err := o.Check("text", "dir", "file", "window", "vocabulary", "carry"); err != nil {
		return nil, err
	}
	set, err := d.load(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("datasets: text: %w", err)
	}
	return set, nil
}

func (text) load(ctx context.Context, o Options) (*Set, error) {
	path, err := o.textFile()
	if err != nil {
		return nil, err
	}
	var v *vocabulary
	if o.Vocabulary != "" {
		if v, err = parseVocabulary(o.Vocabulary); err != nil {
			return nil, err
		}
	}
	tokens, v, err := readText(ctx, path, v)
	if err != nil {
		return nil, err
	}
	set, err := divideText(tokens, v, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return set, nil
}

// divideText cuts a text by place, as neighbouring windows are alike: what lies in the
// last tenth was not read in training.
func divideText(tokens []uint16, v *vocabulary, o Options) (*Set, error) {
	length := o.window()
	cut := len(tokens) * 9 / 10
	train, rest := tokens[:cut], tokens[cut:]
	if short := min(len(train), len(rest)); short <= length {
		return nil, fmt.Errorf("the text has %d characters, the first 90 %% of them for training and the others for test; "+
			"%d are too few for a window of %d and the character behind it; lower window", len(tokens), short, length)
	}
	if have := windowCount(len(train), length, true); o.Train > have {
		return nil, fmt.Errorf("train %d is more than the %d windows of %d in the first 90 %% of the text", o.Train, have, length)
	} else if o.Train > 0 && o.Train < have {
		train = train[:(o.Train+1)*length]
	}
	have := windowCount(len(rest), length, false)
	if o.Validation >= have {
		return nil, fmt.Errorf("validation %d leaves nothing of the %d windows of %d in the last 10 %% of the text", o.Validation, have, length)
	}
	if o.Test > have-o.Validation {
		return nil, fmt.Errorf("validation %d and test %d together are more than the %d windows of %d in the last 10 %% of the text",
			o.Validation, o.Test, have, length)
	}
	var validation []uint16
	if o.Validation > 0 {
		validation = rest[:o.Validation*length+1]
	}
	test := rest[o.Validation*length:]
	if o.Test > 0 {
		test = test[:o.Test*length+1]
	}
	return cutText("text", v, train, validation, test, o), nil
}
