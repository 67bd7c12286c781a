package config

import (
	"reflect"
	"strings"
	"testing"

	"pare/configs"
)

// Whatever the bytes, Parse returns; an error is one line, and a config is
// written so that it is read back as it was.
func FuzzParse(f *testing.F) {
	for _, name := range BuiltIn() {
		data, err := configs.FS.ReadFile(name + ".yaml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, s := range []string{
		head, head + "---\n", "&a: *a\n", "? a\n: b\n", "a: |\n  b\n", "{", "<<: {}\n", "\ufeff" + head, "- - -\n",
		"data: {dataset: glyphs}\nmodel:\n  layers:\n    - relu\n    - conv: {name: a, inputs: [b], '<<': 1, '': ~, '1': [[a: 1], []]}\n",
		"data: {dataset: 'a''b: #c'}\nmodel: {type: \"x\\\"y\", a: 0x1F, b: 010, c: 1_0, d: '1', e: .5, f: +1e3, g: {}}\n",
		head + "train: {optimizer: {type: adam, momentum: 0}, schedule: {type: step, every: 3}}\nfinetune: {schedule: {milestones: [1], every: ~}, optimizer: {lr: 1}}\n",
		head + "penalties: [{type: l1, on: a, lambda: 0, layers: [], factors: {'a.*': 1e-7, \"null\": 2}}]\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse("f.yaml", data)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\r") {
				t.Errorf("the error has several lines: %q", err)
			}
			return
		}
		again, err := Parse("other.yaml", c.YAML())
		if err != nil {
			t.Fatalf("%v in\n%s", err, c.YAML())
		}
		if !c.Equal(again) {
			t.Errorf("%s\nis read as\n%s", c.YAML(), again.YAML())
		}
		if a, b := bare(c), bare(again); !reflect.DeepEqual(a, b) {
			t.Errorf("%+v\nis read as\n%+v", a, b)
		}
	})
}

// bare is a config without places: its fields, and the options as Go values.
func bare(c *Config) []any {
	d := *c
	out := []any{&d}
	out = append(out, c.Model.Type)
	if c.Model.Type != "" {
		out = append(out, c.Model.Kind)
	}
	for _, l := range c.Model.Layers {
		var options any
		if l.options != nil && len(l.options.entries) > 0 {
			options = l.options.plain()
		}
		out = append(out, l.Kind, l.Name, strings.Join(l.Inputs, ","), options)
	}
	d.root, d.Model = nil, Model{}
	return out
}

// FuzzSet: whatever an override says, the config is read or refused in one line.
func FuzzSet(f *testing.F) {
	for _, s := range []string{"train.epochs=3", "penalties.0.lambda=1e-3", "model.layers.1.conv.out=", "train={epochs: [", "=", "a.b", "finetune=~", "data.classes='x'"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, set string) {
		c, err := parse("f.yaml", []byte(head), []string{set})
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\r") {
				t.Errorf("the error has several lines: %q", err)
			}
			return
		}
		if _, err := Parse("f.yaml", c.YAML()); err != nil {
			t.Errorf("%q: %v in\n%s", set, err, c.YAML())
		}
	})
}
