# The side of glmnet in bench/predict.py:
#   Rscript predict.R TRAIN NEW gaussian|binomial|poisson|multinomial LAMBDAS AT GAMMA
suppressMessages({library(glmnet); library(Matrix)})
arguments <- commandArgs(TRUE)
read <- function(file) read.csv(file, encoding = "UTF-8", stringsAsFactors = FALSE)
numbers <- function(text) as.numeric(strsplit(text, ",")[[1]])
train <- read(arguments[1])
new <- read(arguments[2])
family <- arguments[3]
levels <- sort(unique(train$city), method = "radix")
design <- function(d) {
  city <- factor(d$city, levels = levels)
  cbind(sapply(levels, function(l) as.numeric(city == l)), a = d$a, b = d$b, c = d$c, d = d$d)
}
y <- train$y
if (family %in% c("binomial", "multinomial")) y <- factor(y, levels = sort(unique(y), method = "radix"))
gamma <- as.numeric(arguments[6])
glmnet.control(fdev = 0, devmax = 1)
# By do.call the relaxed fits, which update the call, find the values.
fit <- do.call(glmnet, list(design(train), y, family = family, weights = train$w, lambda = numbers(arguments[4]),
                            thresh = 1e-22, maxit = 1e7, relax = gamma < 1))
row <- function(values) paste0("[", paste(format(values, digits = 17, trim = TRUE), collapse = ","), "]")
columns <- function(m) {
  if (length(dim(m)) == 3) m <- m[, , 1]
  paste0("[", paste(apply(as.matrix(m), 2, row), collapse = ","), "]")
}
at <- function(s, type) {
  if (gamma < 1) return(predict(fit, design(new), s = s, type = type, gamma = gamma))
  predict(fit, design(new), s = s, type = type)
}
cat("[", paste(sapply(numbers(arguments[5]), function(s) {
  sprintf('{"link": %s, "response": %s}', columns(at(s, "link")), columns(at(s, "response")))
}), collapse = ","), "]\n")
