package option

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"pare/internal/suggest"
)

// Kinds are the kinds of one interface, by name: the models, the optimizers. Kinds are
// registered while the program starts, and only read after that.
type Kinds[T any] struct {
	noun  string
	kinds map[string]kind[T]
}

type kind[T any] struct {
	doc string
	new func() T
}

// Registry is Kinds of any interface.
type Registry interface {
	Noun() string
	Names() []string
	Doc(name string) string
	Make(name string) (any, error)
}

// registries are the Kinds by their interface, for the kind tags of structs.
var registries = map[reflect.Type]Registry{}

// KindOf is the noun and the name of the kind whose method a function is, or is within; the
// function is named as package runtime names it: "pare/datasets.(*Table).Load".
func KindOf(function string) (noun, name string, ok bool) {
	for _, r := range registries {
		for _, name := range r.Names() {
			v, err := r.Make(name)
			if err != nil {
				continue
			}
			t := reflect.TypeOf(v)
			if t.Kind() == reflect.Pointer {
				t = t.Elem()
			}
			of, pointer := t.PkgPath()+"."+t.Name()+".", t.PkgPath()+".(*"+t.Name()+")."
			if strings.HasPrefix(function, of) || strings.HasPrefix(function, pointer) {
				return r.Noun(), name, true
			}
		}
	}
	return "", "", false
}

// Fault says why the fields of v cannot be options; empty where they can. A tag that has
// no meaning panics.
func Fault(v any) string {
	value := reflect.ValueOf(v)
	switch {
	case !value.IsValid() || value.Kind() == reflect.Pointer && value.IsNil():
		return "its function returns nil"
	case value.Kind() != reflect.Pointer && len(Fields(value)) > 0:
		return fmt.Sprintf("its options cannot be set in a %s; return a pointer", value.Type())
	}
	return fieldsFault(value)
}

func fieldsFault(v reflect.Value) string {
	seen := map[string]bool{}
	for _, f := range Fields(v) {
		if seen[f.Key] {
			return fmt.Sprintf("two of its options have the key %s", f.Key)
		}
		seen[f.Key] = true
		if !decodable(f.Value.Type()) {
			return fmt.Sprintf("its option %s is a %s, which no config holds; tag the field yaml:\"-\" or change its type", f.Key, f.Value.Type())
		}
	}
	return ""
}

// decodable reports whether a config can hold a value of the type.
func decodable(t reflect.Type) bool {
	if _, ok := NumbersOf(reflect.New(t).Elem()); ok {
		return true
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Pointer:
		return decodable(t.Elem())
	case reflect.Map:
		return t.Key().Kind() == reflect.String && decodable(t.Elem())
	case reflect.Interface:
		return t.NumMethod() == 0
	case reflect.Struct:
		return fieldsFault(reflect.New(t)) == ""
	case reflect.Bool, reflect.String:
		return true
	}
	v := reflect.New(t).Elem()
	return v.CanInt() || v.CanUint() || v.CanFloat()
}

// NewKinds makes a registry. Messages call its kinds by the noun, such as "model". There is
// one for each interface T; a second one panics.
func NewKinds[T any](noun string) *Kinds[T] {
	k := &Kinds[T]{noun: noun, kinds: map[string]kind[T]{}}
	if _, ok := registries[reflect.TypeFor[T]()]; ok {
		panic("option: a second registry of " + reflect.TypeFor[T]().String())
	}
	registries[reflect.TypeFor[T]()] = k
	return k
}

// Register makes a kind known. doc is one line for lists. newKind returns a new one with
// its defaults: a pointer, where configs are to set its options. Call it from an init
// function. A name that is empty, has spaces or is taken, and faulty tags, panic.
func (k *Kinds[T]) Register(name, doc string, newKind func() T) {
	if _, ok := k.kinds[name]; ok || name == "" || strings.ContainsAny(name, " \t\r\n") {
		panic(fmt.Sprintf("%s %q cannot be registered: the name is taken, empty or has spaces", k.noun, name))
	}
	if newKind == nil {
		panic(fmt.Sprintf("%s %q cannot be registered: there is no function that makes it", k.noun, name))
	}
	if fault := Fault(newKind()); fault != "" {
		panic(fmt.Sprintf("%s %q cannot be registered: %s", k.noun, name, fault))
	}
	k.kinds[name] = kind[T]{doc, newKind}
}

// New returns a new kind of the name with its defaults. The error names those known.
func (k *Kinds[T]) New(name string) (T, error) {
	found, ok := k.kinds[name]
	if !ok {
		hint := ""
		if near := suggest.Nearest(name, k.Names()); len(near) > 0 {
			hint = "did you mean " + strings.Join(near, " or ") + "? "
		}
		var none T
		return none, fmt.Errorf("unknown %s %q; %sknown: %s", k.noun, name, hint, strings.Join(k.Names(), ", "))
	}
	return found.new(), nil
}

// Make is New for a Registry.
func (k *Kinds[T]) Make(name string) (any, error) { return k.New(name) }

// Names lists the kinds in alphabetical order.
func (k *Kinds[T]) Names() []string { return slices.Sorted(maps.Keys(k.kinds)) }

// Doc is the line that a kind was registered with; empty for an unknown name.
func (k *Kinds[T]) Doc(name string) string { return k.kinds[name].doc }

// Noun is the word for one of the kinds: "model".
func (k *Kinds[T]) Noun() string { return k.noun }
