// Command pare looks into the run folders that train makes, prunes, exports,
// uses and serves their networks, measures how fast models train, and finds networks behind data.
//
//	pare inspect runs/resnet
//	pare prune runs/resnet -out /tmp/half -method magnitude -macs 0.5
//	pare export runs/resnet -onnx resnet.onnx
//	pare predict runs/resnet -inputs x.npy -out logits.npy
//	pare serve runs/resnet -addr :8080
//	pare bench -model resnet20
//	pare lasso -data grades.csv -target G3 -one-hot -cv 10
//	pare glasso -data expression.csv -corr -select ebic -out network
//	pare diffusion -inputs x.csv -outputs y.csv -cv 10 -out kernel
//	pare help predict
package main

import "pare/cmd/pare/app"

func main() { app.Main() }
