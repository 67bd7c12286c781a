package config

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// ErrConfig matches every error about the content of a config (errors.Is); commands
// exit with status 2 then.
var ErrConfig = errors.New("invalid config")

// Error is a fault in a config, and where it is.
type Error struct {
	File string // as given, or "-set key=value" for an override
	Line int    // from 1; 0 means that there is no line to point at
	Col  int    // from 1, in characters; 0 with Line
	Msg  string
}

// Error is one line: file:line:col: message.
func (e *Error) Error() string {
	s := e.File + ": " + e.Msg
	if e.Line > 0 {
		s = fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Col, e.Msg)
	}
	return oneLine(s)
}

// Is makes every Error match ErrConfig.
func (e *Error) Is(target error) bool { return target == ErrConfig }

// Override is the override at fault, as it was given to Load; "": the file is.
func (e *Error) Override() string {
	if !strings.HasPrefix(e.File, overridePrefix) {
		return ""
	}
	return strings.TrimPrefix(e.File, overridePrefix)
}

// oneLine replaces line breaks and invisible characters by spaces.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, s)
}

// at is the place of a word: a line and column of a file, or an override.
type at struct {
	file      string
	line, col int
}

// overridden reports whether the place is an override on the command line.
func (a at) overridden() bool { return strings.HasPrefix(a.file, overridePrefix) }

// overridePrefix begins the place of an override; no file is called that.
const overridePrefix = "-set "

func (a at) errorf(format string, args ...any) *Error {
	return &Error{File: a.file, Line: a.line, Col: a.col, Msg: fmt.Sprintf(format, args...)}
}
