# The side of glmnet in bench/design.py: Rscript design.R onehot FILE.csv | sparse FOLDER
suppressMessages({library(glmnet); library(Matrix)})
arguments <- commandArgs(TRUE)
if (arguments[1] == "onehot") {
  d <- read.csv(arguments[2], stringsAsFactors = TRUE)
  x <- sparse.model.matrix(~ city + a + b + c - 1, d)
  y <- d$y
  count <- 30
} else {
  values <- function(name, what, size) {
    file <- file.path(arguments[2], name)
    readBin(file, what, n = file.size(file) / size, size = size, endian = "little")
  }
  x <- new("dgCMatrix", p = values("start", "integer", 4), i = values("row", "integer", 4), x = values("x", "double", 8),
           Dim = values("size", "integer", 4))
  y <- values("y", "double", 8)
  count <- 100
}
seconds <- function(expression) sum(system.time(expression)[c("user.self", "sys.self")])
fit_seconds <- seconds(fit <- glmnet(x, y, nlambda = count))
# The duality gap of each model: the residuals, scaled to be feasible, are the dual point.
check <- seconds({
  n <- nrow(x)
  means <- colMeans(x)
  deviations <- sqrt(pmax(colMeans(x^2) - means^2, 0))
  centred <- y - mean(y)
  gaps <- sapply(seq_along(fit$lambda), function(k) {
    lambda <- fit$lambda[k]
    r <- y - fit$a0[k] - as.vector(x %*% fit$beta[, k])
    r <- r - mean(r)
    correlation <- ifelse(deviations > 0, (as.vector(crossprod(x, r)) - means * sum(r)) / deviations / n, 0)
    primal <- sum(r^2) / (2 * n) + lambda * sum(abs(fit$beta[, k]) * deviations)
    scale <- min(sum(r * centred) / sum(r^2), lambda / max(abs(correlation)))
    primal - (scale * sum(r * centred) / n - scale^2 * sum(r^2) / (2 * n))
  })
  gap <- max(gaps) / (sum(centred^2) / (2 * n))
})
cat(sprintf('{"gap": %.6g, "fit": %.4f, "check": %.4f}\n', gap, fit_seconds, check))
