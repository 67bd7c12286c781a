// Command main is train with a layer, a penalty, a dataset and a criterion of importance of
// another module: each is a type that registers itself. See config.yaml.
package main

import "pare/cmd/train/app"

func main() { app.Main() }
