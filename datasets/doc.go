// Package datasets loads and generates examples to learn from, images and sequences, and
// feeds them to training in mini-batches: images normalised, text as tokens.
//
// Built in, by their names in [Kinds], each a struct with its own options:
//
//	mnist          60,000 + 10,000 grey digits, 28×28       official files or download
//	fashion-mnist  60,000 + 10,000 grey clothes, 28×28      official files or download
//	cifar10        50,000 + 10,000 colour photos, 32×32     official files or download
//	digits         1,397 + 400 grey digits, 8×8             embedded (UCI, CC BY 4.0)
//	planted        the digits beside planted decoys, 8×4×4  embedded
//	glyphs         any number of letters and digits         generated
//	text           characters of any text, the next one     a UTF-8 file
//	wordchain      the same of a language of known entropy  generated
//	adding         sums of two marked numbers among many    generated
//	copy           symbols to repeat after a long pause     generated
//
// mnist and fashion-mnist also come as sequences of pixels or rows, and permuted.
//
// A [Set] has up to three parts, each a [Part], and a [Task]: the shapes and classes that a
// network must fit. A [Loader] makes batches of a part: shuffled, or in the order that the
// part plans ([Planner]), such as streams of text for networks that keep their state from
// batch to batch.
//
// Other modules register more in [Kinds]; [Load] loads one. Everything random follows from
// an explicit seed, and is the same whatever the number of goroutines.
package datasets
