package report

import (
	"cmp"
	"slices"
	"strings"
)

// block is a frame around the boxes of one name prefix.
type block struct {
	name        string
	top, bottom int // rows
	left, right float64
	state       state // of its layers together
}

// blockPad is the space between a frame and its boxes.
const blockPad = 9.0

// frames groups the boxes by name prefix. A box that is alone in its block joins
// the block around it, and so do blocks inside another and those whose frames
// would cross or hold a strange box. The boxes' groups are set accordingly.
func (l *layout) frames() []block {
	for {
		if group, ok := l.redundant(); ok {
			l.widen(group)
		} else if group, ok := l.conflict(l.extents()); ok {
			l.widen(group)
		} else {
			return l.extents()
		}
	}
}

// widen puts the boxes of a group into the group around it.
func (l *layout) widen(group string) {
	for i := range l.boxes {
		if l.boxes[i].group == group {
			l.boxes[i].group = prefix(group)
		}
	}
}

// redundant returns a group of one box, or one inside another.
func (l *layout) redundant() (group string, ok bool) {
	members := map[string]int{}
	for _, b := range l.boxes {
		members[b.group]++
	}
	for _, b := range l.boxes {
		if b.group == "" {
			continue
		}
		if members[b.group] == 1 {
			return b.group, true
		}
		for around := prefix(b.group); around != ""; around = prefix(around) {
			if members[around] > 0 {
				return b.group, true
			}
		}
	}
	return "", false
}

// extents returns the frames of the groups as they are, sorted by name.
func (l *layout) extents() []block {
	found := map[string]*block{}
	for i, b := range l.boxes {
		if b.group == "" {
			continue
		}
		p := l.place[i]
		left, right := p.x-p.width/2-blockPad, p.x+p.width/2+blockPad
		f, ok := found[b.group]
		if !ok {
			f = &block{name: b.group, top: p.row, bottom: p.row, left: left, right: right}
			found[b.group] = f
		}
		f.top, f.bottom = min(f.top, p.row), max(f.bottom, p.row)
		f.left, f.right = min(f.left, left), max(f.right, right)
		f.state = max(f.state, b.state)
	}
	out := make([]block, 0, len(found))
	for _, f := range found {
		out = append(out, *f)
	}
	slices.SortFunc(out, func(a, b block) int { return cmp.Compare(a.name, b.name) })
	return out
}

// conflict returns the group with the longest prefix among those that cross
// another or hold a strange box.
func (l *layout) conflict(blocks []block) (name string, ok bool) {
	worst := func(group string) {
		if !ok || strings.Count(group, ".") > strings.Count(name, ".") {
			name, ok = group, true
		}
	}
	for i, a := range blocks {
		for _, b := range blocks[i+1:] {
			if a.crosses(b) {
				worst(a.name)
				worst(b.name)
			}
		}
		for k, b := range l.boxes {
			p := l.place[k]
			if b.group == "" && a.crosses(block{top: p.row, bottom: p.row, left: p.x - p.width/2, right: p.x + p.width/2}) {
				worst(a.name)
			}
		}
	}
	return name, ok
}

func (b block) crosses(c block) bool {
	return b.top <= c.bottom && c.top <= b.bottom && b.left < c.right && c.left < b.right
}
