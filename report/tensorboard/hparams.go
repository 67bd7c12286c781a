package tensorboard

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// Tags of the summaries that TensorBoard's plugin hparams reads
// (tensorboard/plugins/hparams/metadata.py).
const (
	experimentTag   = "_hparams_/experiment"
	sessionStartTag = "_hparams_/session_start_info"
	sessionEndTag   = "_hparams_/session_end_info"
)

// Field numbers of SummaryMetadata and its PluginData, and of HParamsPluginData.
const (
	metadataPlugin protowire.Number = 1
	pluginName     protowire.Number = 1
	pluginContent  protowire.Number = 2

	dataExperiment   protowire.Number = 2
	dataSessionStart protowire.Number = 3
	dataSessionEnd   protowire.Number = 4
)

// Field numbers of SessionStartInfo, SessionEndInfo, Experiment, HParamInfo, Interval,
// MetricInfo and MetricName.
const (
	startHyperparameters protowire.Number = 1
	startTime            protowire.Number = 5
	endStatus            protowire.Number = 1
	endTime              protowire.Number = 2
	experimentTime       protowire.Number = 3
	experimentInfos      protowire.Number = 4
	experimentMetrics    protowire.Number = 5
	infoName             protowire.Number = 1
	infoType             protowire.Number = 4
	infoDiscrete         protowire.Number = 5
	infoInterval         protowire.Number = 6
	infoDiffers          protowire.Number = 7
	intervalMin          protowire.Number = 1
	intervalMax          protowire.Number = 2
	metricName           protowire.Number = 1
	nameTag              protowire.Number = 2
)

// Field numbers of google.protobuf.Value and ListValue, and of an entry of a map.
const (
	valueNumber protowire.Number = 2
	valueString protowire.Number = 3
	valueBool   protowire.Number = 4
	listValues  protowire.Number = 1
	entryKey    protowire.Number = 1
	entryValue  protowire.Number = 2
)

// nullTensor is the TensorProto of a summary that consists of its metadata: float32 of
// shape {0} (metadata.NULL_TENSOR).
var nullTensor = []byte{8, 1, 18, 2, 18, 0}

// Hyperparameter is a setting of a run. Value is a bool, float64 or string.
type Hyperparameter struct {
	Name  string
	Value any
}

// Status is the outcome of a session, a value of the enum tensorboard.hparams.Status.
type Status int

// The outcomes of sessions that have ended.
const (
	Success Status = 1
	Failure Status = 2
)

// SessionStart writes the hyperparameters of the run that the folder of the event file
// belongs to; hyperparameters of the same name are an error. A folder that has them already
// keeps the first ones.
func (w *Writer) SessionStart(hyperparameters []Hyperparameter, at time.Time) error {
	sorted, err := sortedByName(hyperparameters)
	if err != nil {
		return err
	}
	var start []byte
	for _, h := range sorted {
		entry := appendText(nil, entryKey, h.Name)
		entry = appendMessage(entry, entryValue, protoValue(h.Value))
		start = appendMessage(start, startHyperparameters, entry)
	}
	start = appendDouble(start, startTime, seconds(at))
	return w.plugin(sessionStartTag, appendMessage(nil, dataSessionStart, start), at)
}

// SessionEnd writes the outcome of the run. A folder that has one already keeps it.
func (w *Writer) SessionEnd(s Status, at time.Time) error {
	end := appendEnum(nil, endStatus, int(s))
	end = appendDouble(end, endTime, seconds(at))
	return w.plugin(sessionEndTag, appendMessage(nil, dataSessionEnd, end), at)
}

// Experiment writes the hyperparameters of all sessions, with the range of each, and the
// tags of the scalars that count as their results. It belongs in one folder beside or above
// the folders of its sessions. TensorBoard takes the first experiment that it finds and hides
// hyperparameters that this one lacks; without any it takes those of all sessions, and every
// scalar as a result.
func (w *Writer) Experiment(sessions [][]Hyperparameter, metrics []string, at time.Time) error {
	values := map[string][]any{}
	for _, s := range sessions {
		sorted, err := sortedByName(s)
		if err != nil {
			return err
		}
		for _, h := range sorted {
			values[h.Name] = append(values[h.Name], h.Value)
		}
	}
	experiment := appendDouble(nil, experimentTime, seconds(at))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		experiment = appendMessage(experiment, experimentInfos, hyperparameterInfo(name, values[name]))
	}
	for _, tag := range metrics {
		info := appendMessage(nil, metricName, appendText(nil, nameTag, tag))
		experiment = appendMessage(experiment, experimentMetrics, info)
	}
	return w.plugin(experimentTag, appendMessage(nil, dataExperiment, experiment), at)
}

// dataType is the enum tensorboard.hparams.DataType.
type dataType int

const (
	typeString dataType = 1
	typeBool   dataType = 2
	typeFloat  dataType = 3
)

func typeOf(v any) dataType {
	switch v.(type) {
	case bool:
		return typeBool
	case float64:
		return typeFloat
	}
	return typeString
}

// hyperparameterInfo describes the values of a hyperparameter as TensorBoard itself does for
// sessions without an experiment (backend_context.py, _compute_hparam_info_from_values):
// values of several types count as text, numbers span an interval.
func hyperparameterInfo(name string, values []any) []byte {
	kind := typeOf(values[0])
	for _, v := range values {
		if typeOf(v) != kind {
			kind = typeString
		}
	}
	info := appendText(nil, infoName, name)
	info = appendEnum(info, infoType, int(kind))
	if kind == typeFloat {
		low, high := values[0].(float64), values[0].(float64)
		for _, v := range values {
			low, high = min(low, v.(float64)), max(high, v.(float64))
		}
		var interval []byte
		if low != 0 { // protocol buffers leave a 0 out
			interval = appendDouble(interval, intervalMin, low)
		}
		if high != 0 {
			interval = appendDouble(interval, intervalMax, high)
		}
		return appendDiffers(appendMessage(info, infoInterval, interval), low != high)
	}
	distinct := map[string]any{}
	for _, v := range values {
		if kind == typeString {
			v = text(v)
		}
		distinct[text(v)] = v
	}
	var list []byte
	for _, key := range slices.Sorted(maps.Keys(distinct)) {
		list = appendMessage(list, listValues, protoValue(distinct[key]))
	}
	return appendDiffers(appendMessage(info, infoDiscrete, list), len(distinct) > 1)
}

func appendDiffers(info []byte, differs bool) []byte {
	if !differs {
		return info
	}
	return appendEnum(info, infoDiffers, 1)
}

// text is a value as TensorBoard shows it (_protobuf_value_to_string).
func text(v any) string {
	switch v := v.(type) {
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return v.(string)
}

// protoValue encodes a google.protobuf.Value.
func protoValue(v any) []byte {
	switch v := v.(type) {
	case bool:
		return appendEnum(nil, valueBool, int(protowire.EncodeBool(v)))
	case float64:
		return appendDouble(nil, valueNumber, v)
	}
	return appendText(nil, valueString, v.(string))
}

// sortedByName is a sorted copy of hyperparameters that TensorBoard can hold.
func sortedByName(hyperparameters []Hyperparameter) ([]Hyperparameter, error) {
	out := slices.SortedFunc(slices.Values(hyperparameters), func(a, b Hyperparameter) int { return cmp.Compare(a.Name, b.Name) })
	for i, h := range out {
		switch h.Value.(type) {
		case bool, float64, string:
		default:
			return nil, fmt.Errorf("hyperparameter %s is of type %T; give a bool, float64 or string", h.Name, h.Value)
		}
		if i > 0 && out[i-1].Name == h.Name {
			return nil, fmt.Errorf("hyperparameter %s is given twice", h.Name)
		}
	}
	return out, nil
}

// plugin writes a summary whose metadata are data of the plugin hparams.
func (w *Writer) plugin(tag string, data []byte, at time.Time) error {
	if _, written := w.last[tag]; written {
		return nil
	}
	plugin := appendText(nil, pluginName, "hparams")
	plugin = appendMessage(plugin, pluginContent, data)
	value := appendText(nil, valueTag, tag)
	value = appendMessage(value, valueTensor, nullTensor)
	value = appendMessage(value, valueMetadata, appendMessage(nil, metadataPlugin, plugin))
	w.last[tag] = 0
	w.event = appendEvent(w.event[:0], 0, appendMessage(nil, summaryValue, value), at)
	return w.write()
}
