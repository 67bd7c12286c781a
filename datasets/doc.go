// Package datasets loads and generates labelled images, and feeds them to training in
// normalised, shuffled mini-batches.
//
// Built in, by the name that [Lookup] takes:
//
//	mnist          60,000 + 10,000 grey digits, 28×28       official files or download
//	fashion-mnist  60,000 + 10,000 grey clothes, 28×28      official files or download
//	cifar10        50,000 + 10,000 colour photos, 32×32     official files or download
//	digits         1,397 + 400 grey digits, 8×8             embedded (UCI, CC BY 4.0)
//	glyphs         any number of letters and digits         generated
//
// [Register] adds others. Everything random follows from an explicit seed, and is the same
// whatever the number of goroutines.
package datasets
