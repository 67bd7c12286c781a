# The side of glmnet in bench/lasso.py: Rscript glmnet.R FOLDER gaussian|binomial|multinomial
suppressMessages({library(glmnet); library(Matrix)})
arguments <- commandArgs(TRUE)
values <- function(name, what, size) {
  file <- file.path(arguments[1], name)
  readBin(file, what, n = file.size(file) / size, size = size, endian = "little")
}
size <- values("size", "integer", 4)
x <- values("x", "double", 8)
y <- values("y", "double", 8)
start <- values("start", "integer", 4)
if (length(start) > 0) {
  x <- new("dgCMatrix", p = start, i = values("row", "integer", 4), x = x, Dim = size)
} else {
  dim(x) <- size
}
if (arguments[2] == "binomial") y <- as.numeric(y > 0)
began <- proc.time()[["elapsed"]]
fit <- glmnet(x, y, family = arguments[2])
seconds <- proc.time()[["elapsed"]] - began
last <- length(fit$lambda)
cat(sprintf('{"seconds": %.4f, "models": %d, "selected": %d}\n', seconds, last, fit$df[last]))
