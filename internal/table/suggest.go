package table

import "pare/internal/suggest"

// Suggestion ends a message about an unknown name: suggest.Phrase.
func Suggestion(word, what string, names []string) string { return suggest.Phrase(word, what, names) }
