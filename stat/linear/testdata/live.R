# The side of glmnet in live_test.go: Rscript live.R DATA.csv prints a line for every
# model and class: case, lambda, class, intercept, coefficients.
if (!requireNamespace("glmnet", quietly = TRUE)) {
  cat("missing\n")
  quit()
}
suppressMessages(library(glmnet))
data <- read.csv(commandArgs(TRUE)[1], header = FALSE)
p <- ncol(data) - 6
x <- as.matrix(data[, 1:p])
y <- data[, p + 1]
high <- data[, p + 2]
third <- data[, p + 3]
weight <- data[, p + 4]
counts <- data[, p + 5]
offset <- data[, p + 6]
factors <- rep(c(1, 2, 0.5, 1, 0), length.out = p)
lower <- rep(c(-Inf, 0), length.out = p)
show <- function(case, fit, lambdas) {
  for (l in lambdas) {
    each <- coef(fit, s = l)
    if (!is.list(each)) each <- list(each)
    for (k in seq_along(each)) {
      cat(case, sprintf("%.17g", c(l, k - 1, as.numeric(each[[k]]))), "\n")
    }
  }
}
path <- function(...) glmnet(x, ..., thresh = 1e-20, maxit = 1e7)
l <- c(0.5, 0.1, 0.02, 0.004)
show("lasso", path(y, lambda = l), l)
show("enet", path(y, lambda = l, alpha = 0.5), l)
show("weighted", path(y, lambda = l, weights = weight, penalty.factor = factors), l)
show("bounded", path(y, lambda = l, lower.limits = lower), l)
l <- c(0.2, 0.05, 0.01)
show("binomial", path(high, lambda = l, family = "binomial"), l)
show("binomialenet", path(high, lambda = l, family = "binomial", alpha = 0.5, weights = weight), l)
show("multinomial", path(third, lambda = l, family = "multinomial"), l)
show("poisson", path(counts, lambda = l, family = "poisson"), l)
show("offset", path(high, lambda = l, family = "binomial", offset = offset), l)
show("poissonenet", path(counts, lambda = l, family = "poisson", alpha = 0.5, weights = weight, offset = offset), l)
l <- c(2, 0.2, 0.02)
show("ridge", path(y, lambda = l, alpha = 0), l)
show("logitridge", path(high, lambda = l, family = "binomial", alpha = 0), l)
show("poissonridge", path(counts, lambda = l, family = "poisson", alpha = 0, offset = offset), l)
show("softmaxridge", path(third, lambda = l, family = "multinomial", alpha = 0), l)
