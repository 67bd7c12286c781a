# The side of glmnet in bench/lasso.py: Rscript glmnet.R FOLDER gaussian|binomial|multinomial [gap]
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
# The largest duality gap of the models, over the null objective: the dual point is the residuals,
# scaled until no column of unit variance correlates with them by more than lambda.
gap <- function() {
  n <- nrow(x)
  mean <- colMeans(x)
  scale <- sqrt(pmax(colMeans(x^2) - mean^2, 0))
  used <- scale > 1e-12
  entropy <- function(q) sum(ifelse(q > 0, q * log(q), 0)) / n
  classes <- if (arguments[2] == "multinomial") 1 * outer(y, fit$classnames, "==")
  worst <- 0
  for (k in seq_len(last)) {
    lambda <- fit$lambda[k]
    if (arguments[2] == "multinomial") {
      beta <- sapply(fit$beta, function(b) b[, k])
      eta <- sweep(as.matrix(x %*% beta), 2, fit$a0[, k], "+")
      p <- exp(eta - apply(eta, 1, max))
      p <- p / rowSums(p)
      u <- (classes - p) / n
      loss <- -sum(log(p[classes == 1])) / n
      null <- -entropy(matrix(colMeans(classes), n, ncol(classes), byrow = TRUE))
    } else {
      beta <- fit$beta[, k]
      eta <- as.vector(x %*% beta) + fit$a0[k]
      expected <- if (arguments[2] == "binomial") 1 / (1 + exp(-eta)) else eta
      u <- as.matrix((y - expected) / n)
      center <- y - mean(y)
      if (arguments[2] == "binomial") {
        margin <- (2 * y - 1) * eta
        loss <- sum(pmax(-margin, 0) + log1p(exp(-abs(margin)))) / n
        null <- -entropy(cbind(mean(y), rep(1 - mean(y), n)))
      } else {
        loss <- sum((y - eta)^2) / (2 * n)
        null <- sum(center^2) / (2 * n)
      }
    }
    c <- as.matrix(crossprod(x, u)) - outer(mean, colSums(u))
    s <- min(1, lambda / max(abs(c[used, ] / scale[used])))
    dual <- switch(arguments[2],
      multinomial = -entropy(classes - s * n * u),
      binomial = -entropy(cbind(s * n * abs(u), 1 - s * n * abs(u))),
      gaussian = {
        s <- min(s, sum(u * center) / (n * sum(u^2)))
        s * sum(u * center) - s^2 * n * sum(u^2) / 2
      })
    worst <- max(worst, (loss + lambda * sum(abs(as.matrix(beta) * scale)) - dual) / null)
  }
  worst
}
text <- if (length(arguments) > 2) sprintf('"gap": %.3g, ', gap()) else ""
selected <- if (is.null(fit$dfmat)) fit$df[last] else sum(fit$dfmat[, last])
cat(sprintf('{"seconds": %.4f, %s"models": %d, "selected": %d}\n', seconds, text, last, selected))
