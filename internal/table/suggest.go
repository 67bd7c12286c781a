package table

import "pare/internal/suggest"

// Suggestion ends a message about an unknown name: suggest.Phrase.
func Suggestion(word, noun string, names []string) string { return suggest.Phrase(word, noun, names) }
