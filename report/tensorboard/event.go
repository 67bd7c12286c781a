package tensorboard

import (
	"math"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// fileVersion is the content of the first event of a file.
const fileVersion = "brain.Event:2"

// Field numbers of the messages Event, Summary and Summary.Value.
const (
	eventWallTime    protowire.Number = 1
	eventStep        protowire.Number = 2
	eventFileVersion protowire.Number = 3
	eventSummary     protowire.Number = 5
	summaryValue     protowire.Number = 1
	valueTag         protowire.Number = 1
	valueSimple      protowire.Number = 2
	valueTensor      protowire.Number = 8
	valueMetadata    protowire.Number = 9
)

// appendHeader appends the Event that a file starts with.
func appendHeader(b []byte, wall time.Time) []byte {
	b = appendDouble(b, eventWallTime, seconds(wall))
	return appendText(b, eventFileVersion, fileVersion)
}

// appendEvent appends an Event with a Summary, the bytes of its values.
func appendEvent(b []byte, step int64, summary []byte, wall time.Time) []byte {
	b = appendDouble(b, eventWallTime, seconds(wall))
	b = protowire.AppendTag(b, eventStep, protowire.VarintType)
	b = protowire.AppendVarint(b, uint64(step))
	return appendMessage(b, eventSummary, summary)
}

// appendScalar appends the value of a curve to a Summary.
func appendScalar(b []byte, s Scalar) []byte {
	v := appendText(nil, valueTag, s.Tag)
	v = protowire.AppendTag(v, valueSimple, protowire.Fixed32Type)
	v = protowire.AppendFixed32(v, math.Float32bits(float32(s.Value)))
	return appendMessage(b, summaryValue, v)
}

// seconds is a time in seconds since 1970.
func seconds(t time.Time) float64 { return float64(t.Unix()) + float64(t.Nanosecond())/1e9 }

// The fields below leave nothing out: a zero is written.

func appendDouble(b []byte, field protowire.Number, v float64) []byte {
	b = protowire.AppendTag(b, field, protowire.Fixed64Type)
	return protowire.AppendFixed64(b, math.Float64bits(v))
}

func appendText(b []byte, field protowire.Number, s string) []byte {
	b = protowire.AppendTag(b, field, protowire.BytesType)
	return protowire.AppendString(b, s)
}

func appendMessage(b []byte, field protowire.Number, message []byte) []byte {
	b = protowire.AppendTag(b, field, protowire.BytesType)
	return protowire.AppendBytes(b, message)
}

func appendEnum(b []byte, field protowire.Number, v int) []byte {
	b = protowire.AppendTag(b, field, protowire.VarintType)
	return protowire.AppendVarint(b, uint64(v))
}
