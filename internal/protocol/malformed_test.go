package protocol

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"chatme/internal/chat"
)

func TestDecodeMalformed(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for name, tt := range map[string]struct {
		in   string
		want error
	}{
		"empty":                       {``, errSyntax},
		"white space only":            {" \n", errSyntax},
		"not JSON":                    {`hello`, errSyntax},
		"an array":                    {`[{"type":"ping"}]`, errNotObject},
		"a number":                    {`5`, errNotObject},
		"a string":                    {`"ping"`, errNotObject},
		"true":                        {`true`, errNotObject},
		"null":                        {`null`, errNotObject},
		"a string without end":        {`"ping`, errSyntax},
		"half an object":              {`{"type":"ping"`, errSyntax},
		"half a name":                 {`{"type":"ping","te`, errSyntax},
		"no value":                    {`{"type":"ping","text"`, errSyntax},
		"no value behind the colon":   {`{"type":"ping","text":`, errSyntax},
		"no colon":                    {`{"type" "ping"}`, errSyntax},
		"no comma":                    {`{"type":"ping" "text":""}`, errSyntax},
		"trailing comma":              {`{"type":"ping",}`, errSyntax},
		"trailing comma in an array":  {`{"type":"ping","x":[1,]}`, errSyntax},
		"leading comma":               {`{,"type":"ping"}`, errSyntax},
		"a name without quotes":       {`{type:"ping"}`, errSyntax},
		"single quotes":               {`{'type':'ping'}`, errSyntax},
		"a name that is a number":     {`{"type":"ping",5:1}`, errSyntax},
		"comment":                     {`{"type":"ping"/* */}`, errSyntax},
		"line comment":                {"{\"type\":\"ping\"} // hi", errTrailing},
		"byte order mark":             {"\ufeff{\"type\":\"ping\"}", errSyntax},
		"white space of Unicode":      {"{\u00a0\"type\":\"ping\"}", errSyntax},
		"vertical tab":                {"{\v\"type\":\"ping\"}", errSyntax},
		"trailing object":             {`{"type":"ping"}{"type":"ping"}`, errTrailing},
		"trailing NUL":                {"{\"type\":\"ping\"}\x00", errTrailing},
		"trailing brace":              {`{"type":"ping"}}`, errTrailing},
		"NaN":                         {`{"type":"ping","x":NaN}`, errSyntax},
		"Infinity":                    {`{"type":"ping","x":-Infinity}`, errSyntax},
		"undefined":                   {`{"type":"ping","x":undefined}`, errSyntax},
		"half a literal":              {`{"type":"ping","x":tru}`, errSyntax},
		"nul":                         {`{"type":"ping","x":nul`, errSyntax},
		"a literal in upper case":     {`{"type":"ping","x":True}`, errSyntax},
		"leading zero":                {`{"type":"ping","x":01}`, errSyntax},
		"plus":                        {`{"type":"ping","x":+1}`, errSyntax},
		"minus only":                  {`{"type":"ping","x":-}`, errSyntax},
		"point at the end":            {`{"type":"ping","x":1.}`, errSyntax},
		"point at the beginning":      {`{"type":"ping","x":.1}`, errSyntax},
		"exponent without digits":     {`{"type":"ping","x":1e}`, errSyntax},
		"exponent with a sign only":   {`{"type":"ping","x":1e+}`, errSyntax},
		"hexadecimal":                 {`{"type":"ping","x":0x10}`, errSyntax},
		"NUL in a string":             {"{\"type\":\"ping\",\"x\":\"a\x00b\"}", errSyntax},
		"newline in a string":         {"{\"type\":\"ping\",\"x\":\"0123456789\n\"}", errSyntax},
		"unknown escape":              {`{"type":"ping","x":"\a"}`, errSyntax},
		"escape of the closing quote": {`{"type":"ping\"}`, errSyntax},
		"escape without digits":       {`{"type":"ping","x":"\u12"}`, errSyntax},
		"escape with bad digits":      {`{"type":"ping","x":"\u12g4"}`, errSyntax},
		"escape at the end":           {`{"type":"ping","x":"\`, errSyntax},
		"half an escape at the end":   {`{"type":"ping","x":"\u00`, errSyntax},
		"brackets that do not match":  {`{"type":"ping","x":[}]`, errSyntax},
		"deeper than 32":              {`{"type":"ping","x":` + deep(32) + `}`, errDepth},
		"deeper than 32, objects":     {strings.Repeat(`{"x":`, 33) + `1` + strings.Repeat(`}`, 33), errDepth},
		"much deeper":                 {strings.Repeat(`[`, 1<<20), errDepth},
		"deeper than 32 in resume":    {`{"type":"auth","resume":{"v":1,"x":` + deep(31) + `}}`, errDepth},

		"no type":                    {`{"text":"hi"}`, errNoType},
		"empty object":               {`{}`, errNoType},
		"type null":                  {`{"type":null}`, errNoType},
		"type a number":              {`{"type":5}`, errNoType},
		"the last type is wrong":     {`{"type":"ping","type":5}`, errNoType},
		"type in another case only":  {`{"Type":"ping"}`, errNoType},
		"type only in a member":      {`{"x":{"type":"ping"}}`, errNoType},
		"search, partnerId wrong":    {`{"type":"search","partnerId":5}`, errType},
		"ack, partnerId wrong":       {`{"type":"ack","partnerId":[],"got":1}`, errType},
		"sleep, forMs negative":      {`{"type":"sleep","forMs":-1}`, errType},
		"sleep, forMs a string":      {`{"type":"sleep","forMs":"1"}`, errType},
		"resume a string":            {`{"type":"auth","apiKey":"k","resume":"S"}`, errType},
		"resume an array":            {`{"type":"auth","apiKey":"k","resume":[1]}`, errType},
		"resume a number":            {`{"type":"auth","apiKey":"k","resume":1}`, errType},
		"resume true":                {`{"type":"auth","apiKey":"k","resume":true}`, errType},
		"resume.v a string":          {`{"type":"auth","apiKey":"k","resume":{"v":"1"}}`, errType},
		"resume.sessionId wrong":     {`{"type":"auth","apiKey":"k","resume":{"v":1,"sessionId":1}}`, errType},
		"resume.epoch wrong":         {`{"type":"auth","apiKey":"k","resume":{"v":1,"epoch":{}}}`, errType},
		"resume.partnerId wrong":     {`{"type":"auth","apiKey":"k","resume":{"v":1,"partnerId":false}}`, errType},
		"resume.got negative":        {`{"type":"auth","apiKey":"k","resume":{"v":1,"got":-1}}`, errType},
		"resume.acked not whole":     {`{"type":"auth","apiKey":"k","resume":{"v":1,"acked":1.5}}`, errType},
		"message without content":    {`{"type":"message"}`, errContent},
		"message, both empty":        {`{"type":"message","text":"","imageUrl":"","n":0}`, errContent},
		"message, text a number":     {`{"type":"message","text":5}`, errType},
		"message, imageUrl a number": {`{"type":"message","text":"hi","imageUrl":5}`, errType},
		"message, n a string":        {`{"type":"message","text":"hi","n":"1"}`, errType},
		"message, n negative":        {`{"type":"message","text":"hi","n":-1}`, errType},
		"message, partnerId wrong":   {`{"type":"message","text":"hi","partnerId":5}`, errType},
		"used up in which chat":      {`{"type":"message","text":5,"n":3,"partnerId":5}`, errType},
		"used up, but n is wrong":    {`{"type":"message","text":5,"n":1.5,"partnerId":"P"}`, errType},
	} {
		t.Run(name, func(t *testing.T) {
			f := Frame{Kind: KindPing, APIKey: "left over"}
			err := rules.Decode([]byte(tt.in), &f)
			if err != tt.want {
				t.Errorf("error %v, want %v", err, tt.want)
			}
			if !errors.Is(err, ErrMalformed) || errors.Is(err, ErrInvalidUTF8) {
				t.Errorf("%v is not of the class ErrMalformed", err)
			}
			if !reflect.ValueOf(f).IsZero() {
				t.Errorf("frame %+v, want zero", f)
			}
		})
	}
}

func TestDepth32IsAllowed(t *testing.T) {
	in := `{"type":"ping","x":` + strings.Repeat(`[`, 31) + strings.Repeat(`]`, 31) + `}`
	mustDecode(t, &rules, in, Frame{Kind: KindPing})
	in = `{"type":"auth","apiKey":"k","resume":{"v":1,"x":` + strings.Repeat(`[`, 30) + strings.Repeat(`]`, 30) + `}}`
	mustDecode(t, &rules, in, auth(&Resume{}))
}

// "A JSON object or a number as text relayed": {"text":{}} crashes the old web app.
func TestAnObjectOrANumberAsTextIsNotRelayed(t *testing.T) {
	for _, text := range []string{`{}`, `{"a":1}`, `5`, `[]`, `["a"]`, `true`, `false`} {
		var f Frame
		err := rules.Decode([]byte(`{"type":"message","text":`+text+`}`), &f)
		if !errors.Is(err, ErrField) || !reflect.ValueOf(f).IsZero() {
			t.Errorf("text %s: %+v, %v", text, f, err)
		}
	}
}

// "One refused for good (bad_image, bad_message) … [is] used up."
func TestAWrongTypeUsesUpTheNumber(t *testing.T) {
	for _, in := range []string{
		`{"type":"message","partnerId":"P","n":10,"text":{}}`,
		`{"type":"message","partnerId":"P","n":10,"text":"hi","imageUrl":5}`,
		`{"imageUrl":["` + png + `"],"n":1e1,"partnerId":"\u0050","text":"","type":"message"}`,
	} {
		var f Frame
		err := rules.Decode([]byte(in), &f)
		want := command(chat.Command{Op: chat.Send, Partner: "P", N: 10, Refused: chat.ErrBadMessage})
		if !errors.Is(err, ErrField) || !reflect.DeepEqual(f, want) {
			t.Errorf("%s: %+v, %v", in, f, err)
		}
	}
}

// "text: at most 64 KiB of UTF-8."
func TestTextLimit(t *testing.T) {
	r := Rules{MaxText: 6}
	tooLarge := command(chat.Command{Op: chat.Send, Partner: "P", N: 2, Refused: chat.ErrTooLarge})
	for in, fits := range map[string]bool{
		`123456`: true, `1234567`: false, `€€`: true, `€€1`: false, `\u20ac\u20AC`: true, `\u20ac\u20AC1`: false,
		`\n\n\n\n\n\n`: true, `\n\n\n\n\n\n\n`: false, `\ud83d\ude0012`: true, `\ud83d\ude00123`: false, `\ud83d\ud83d`: true,
	} {
		var f Frame
		frame := fmt.Sprintf(`{"type":"message","partnerId":"P","n":2,"text":"%s","imageUrl":"%s"}`, in, png)
		if err := r.Decode([]byte(frame), &f); err != nil {
			t.Fatal(err)
		}
		if got := reflect.DeepEqual(f, tooLarge); got == fits {
			t.Errorf("%s: %+v", in, f)
		}
		if fits && (f.Command.Text == "" || f.Command.Image != png || f.Command.Refused != "") {
			t.Errorf("%s: %+v", in, f)
		}
	}
}

// "Invalid UTF-8: close 1007", whatever else the frame is.
func TestInvalidUTF8(t *testing.T) {
	for _, in := range []string{
		"{\"type\":\"message\",\"text\":\"\xff\"}", "{\"type\":\"ping\"}\xc3", "\x80", "{\"\xed\xa0\x80\":1", "[\xf8\x88\x80\x80\x80]",
		"{\"type\":\"\xc0\xaf\"}",
	} {
		f := Frame{Kind: KindPing}
		if err := rules.Decode([]byte(in), &f); err != ErrInvalidUTF8 || errors.Is(err, ErrMalformed) || f.Kind != 0 {
			t.Errorf("%q: %+v, %v", in, f, err)
		}
	}
}

// No frame makes Decode allocate by its declared sizes: hostile frames cost nothing, or one string.
func TestAllocations(t *testing.T) {
	const size = 1 << 20
	big := strings.Repeat("a", size)
	for name, tt := range map[string]struct {
		in  string
		max float64
	}{
		"deep":              {strings.Repeat("[", size), 0},
		"many members":      {`{"type":"ping"` + strings.Repeat(`,"text":"a"`, size/11) + `}`, 0},
		"many escapes":      {`{"type":"ping"` + strings.Repeat(`,"\u0074ext":"\n"`, size/18) + `}`, 0},
		"large exponents":   {`{"type":"ack"` + strings.Repeat(`,"got":1e999999999`, size/18) + `}`, 0},
		"a long number":     {`{"type":"ack","got":` + strings.Repeat("1", size) + `}`, 0},
		"a large unknown":   {`{"type":"ping","x":"` + big + `"}`, 0},
		"a large name":      {`{"type":"ping","` + big + `":1}`, 0},
		"too large a text":  {`{"type":"message","text":"` + big + `"}`, 0},
		"too many escapes":  {`{"type":"message","text":"` + strings.Repeat(`\n`, size) + `"}`, 0},
		"an escaped text":   {`{"type":"message","text":"` + strings.Repeat(`\n`, 1000) + `"}`, 1},
		"an image":          {`{"type":"message","imageUrl":"` + imageOf(size) + `"}`, 1},
		"an escaped image":  {`{"type":"message","imageUrl":"` + strings.ReplaceAll(imageOf(size), "/", `\/`) + `"}`, 1},
		"no image":          {`{"type":"message","imageUrl":"` + big + `"}`, 1},
		"a truncated image": {`{"type":"message","imageUrl":"` + imageOf(size), 0},
	} {
		data := []byte(tt.in)
		got := testing.AllocsPerRun(2, func() {
			var f Frame
			_ = rules.Decode(data, &f)
		})
		if got > tt.max {
			t.Errorf("%s: %v allocations, want %v", name, got, tt.max)
		}
		if !strings.Contains(name, "image") {
			continue
		}
		got = testing.AllocsPerRun(2, func() {
			var f Frame
			_ = rules.Take(data, &f)
		})
		if got > 0 {
			t.Errorf("%s, taken: %v allocations, want none", name, got)
		}
	}
}
