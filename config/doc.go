// Package config reads the YAML file that describes a run: the data, the model,
// training, penalties, pruning, fine-tuning and export.
//
// A config is strict. Unknown and repeated keys, wrong types, values out of
// range and second documents are errors of type *Error, one line each with the
// file, line and column of the word at fault. Scalars follow the core schema of
// YAML 1.2: 5e-4 is a number, yes and 1_000 are texts. Anchors, aliases and tags
// are not supported. Null stands for a section that is not there and, in fine-tuning,
// for a key that is not inherited; -set key=null removes a key of the file. Other nulls
// are errors, as are zeros and empty texts that would mean a default.
//
// The options of models and layers are decoded later, by those who know them,
// through Model.Decode and LayerEntry.Decode, with the same checks.
//
// Structs that are decoded are read by their yaml tags, and may say more with:
//
//	doc:"…"          what the key is, for the JSON schema
//	range:"[0,1)"    the interval a number, or each number of a list, is in
//	enum:"a,b"       the texts that are allowed
//	required:"true"  the key must be there
//	list:"single"    a list of one may be written as that one
//	empty:"no"       a text or list must not be empty, as leaving it out means something
package config
