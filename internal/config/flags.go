package config

import (
	"fmt"
	"reflect"

	"github.com/alecthomas/kong"
)

// Flags holds the values given on the command line, by flag, as written.
type Flags map[string]string

// Option makes kong collect the flags of every embedded Config into f and leave the rest to Load: kong would
// stop at the first invalid value, and does not report where a value came from. Kong still writes the help.
func (f Flags) Option() kong.Option {
	return kong.PostBuild(func(k *kong.Kong) error {
		return kong.Visit(k.Model, func(node kong.Visitable, next kong.Next) error {
			if flag, ok := node.(*kong.Flag); ok && len(flag.Tag.Envs) > 0 {
				f.collect(flag)
			}
			return next(nil)
		})
	})
}

func (f Flags) collect(flag *kong.Flag) {
	flag.Help += " (" + flag.Tag.Envs[0] + ")"
	if flag.PlaceHolder = flag.Default; flag.PlaceHolder == "" {
		flag.PlaceHolder = "TEXT"
	}
	flag.Tag.Sep = -1 // a list is one text here; otherwise the help would append an ellipsis
	flag.Tag.Envs, flag.Default, flag.HasDefault = nil, "", false
	flag.Mapper = kong.MapperFunc(func(ctx *kong.DecodeContext, target reflect.Value) error {
		var text string
		if err := ctx.Scan.PopValueInto("value", &text); err != nil {
			return fmt.Errorf("needs a value; write for example --%s=%s", flag.Name, flag.PlaceHolder)
		}
		if before, again := f[flag.Name]; again && target.Kind() == reflect.Slice {
			text = before + "," + text
		}
		f[flag.Name] = text
		return nil
	})
}
