// Command train trains a network with penalties, prunes it, proves that the
// smaller network computes the same, fine-tunes and exports it.
//
//	train -config configs/resnet.yaml
//	train -config resnet -set train.epochs=3 -out /tmp/try
//	train -resume runs/resnet
//	train -config resnet -dry-run
//	train -list
//	train -init resnet my.yaml
package main

import "pare/cmd/train/app"

func main() { app.Main() }
