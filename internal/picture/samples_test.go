package picture

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"

	"golang.org/x/image/bmp"
)

// canary is in everything that must not be left.
const canary = "canary 52.5200 N 13.4050 E"

// turned is the orientation of the samples.
const turned = 6

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func join(parts ...any) []byte {
	var b bytes.Buffer
	for _, part := range parts {
		switch part := part.(type) {
		case string:
			b.WriteString(part)
		case []byte:
			b.Write(part)
		case int: // a byte
			b.WriteByte(byte(part))
		default:
			must(0, binary.Write(&b, binary.BigEndian, part))
		}
	}
	return b.Bytes()
}

// pixels returns a small picture with some content.
func pixels(n int) *image.Paletted {
	m := image.NewPaletted(image.Rect(0, 0, 16, 8), color.Palette{color.Black, color.White, color.RGBA{200, 10, 90, 255}})
	for i := range m.Pix {
		m.Pix[i] = byte(i*i/3+n) % 3
	}
	return m
}

// exif returns a TIFF structure with an orientation, a text, and a position.
func exif(order binary.AppendByteOrder, orientation uint16) []byte {
	var b []byte
	if order == binary.AppendByteOrder(binary.LittleEndian) {
		b = []byte("II*\x00")
	} else {
		b = []byte("MM\x00*")
	}
	entry := func(tag, kind uint16, count uint32, value []byte) {
		b = order.AppendUint16(b, tag)
		b = order.AppendUint16(b, kind)
		b = order.AppendUint32(b, count)
		b = append(b, append(value, 0, 0, 0, 0)[:4]...)
	}
	const ascii, rational, long = 2, 5, 4
	const made = 8 + 2 + 3*12 + 4
	const gps = made + uint32(len(canary)) + 2
	b = order.AppendUint32(b, 8)
	b = order.AppendUint16(b, 3)
	entry(0x010f, ascii, uint32(len(canary)+1), order.AppendUint32(nil, made))
	entry(tagOrientation, typeShort, 1, order.AppendUint16(nil, orientation))
	entry(0x8825, long, 1, order.AppendUint32(nil, gps))
	b = order.AppendUint32(b, 0)
	b = append(b, canary+"\x00\x00"...)
	b = order.AppendUint16(b, 2)
	entry(1, ascii, 2, []byte("N"))
	entry(2, rational, 3, order.AppendUint32(nil, gps+2+2*12+4))
	b = order.AppendUint32(b, 0)
	for _, n := range []uint32{52, 1, 31, 1, 12, 1} {
		b = order.AppendUint32(b, n)
	}
	return append(b, canary...)
}

const xmp = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">` +
	`<rdf:Description xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:GPSLatitude="` + canary + `"/></rdf:RDF></x:xmpmeta>`

func segment(marker int, content ...any) []byte {
	c := join(content...)
	return join(0xff, marker, uint16(len(c)+2), c)
}

func plainJPEG() []byte {
	var b bytes.Buffer
	must(0, jpeg.Encode(&b, pixels(0), nil))
	return b.Bytes()
}

func jpegSample() []byte {
	plain := plainJPEG()
	icc := segment(app2, "ICC_PROFILE\x00", 1, 1, "a profile")
	return join(plain[:2],
		segment(app0, "JFIF\x00", 1, 2, 0, 0, 1, 0, 1, 4, 2, canary[:24]),
		segment(app0, "JFXX\x00", 0x10, canary),
		segment(app1, exifHead, exif(binary.LittleEndian, turned)),
		segment(app1, exifHead, exif(binary.BigEndian, 3)),
		segment(app1, "http://ns.adobe.com/xap/1.0/\x00", xmp),
		segment(app1, "http://ns.adobe.com/xmp/extension/\x00", xmp),
		icc, segment(app2, "MPF\x00", canary), segment(app2, "FPXR\x00", canary),
		segment(0xe3, canary), segment(0xeb, "JP\x00\x01", canary), segment(0xec, "Ducky", canary),
		segment(0xed, "Photoshop 3.0\x008BIM\x04\x04\x00\x00\x00\x00\x00\x20\x1c\x02\x5a\x00", 26, canary),
		segment(app15, canary), segment(com, canary), canary, 0xff, 0, canary, 0xff,
		plain[2:len(plain)-2], segment(com, canary), canary,
		0xff, eoi,
		plain[:2], segment(app1, exifHead, exif(binary.LittleEndian, 8)), plain[2:],
		"\x00\x00\x00\x18ftypmp42", canary)
}

func chunk(kind string, content ...any) []byte {
	c := join(kind, join(content...))
	return join(uint32(len(c)-4), c, crc32.ChecksumIEEE(c))
}

// deflated returns an IDAT chunk of a plain PNG without its head.
func pngParts() (head, data []byte) {
	var b bytes.Buffer
	must(0, png.Encode(&b, pixels(0)))
	at := bytes.Index(b.Bytes(), []byte("IDAT")) - 4
	return b.Bytes()[:at], b.Bytes()[at : b.Len()-12]
}

func pngSample(animated bool) []byte {
	head, data := pngParts()
	var start, frames []byte
	if animated {
		start = join(chunk("acTL", uint32(2), uint32(0)), chunk("fcTL", uint32(0), uint32(16), uint32(8), make([]byte, 14)))
		frames = join(chunk("fcTL", uint32(1), uint32(16), uint32(8), make([]byte, 14)), chunk("tEXt", "Comment\x00"+canary),
			chunk("fdAT", uint32(2), data[8:len(data)-4]))
	}
	return join(head, chunk("eXIf", exif(binary.BigEndian, turned)), chunk("eXIf", exif(binary.BigEndian, 1)),
		chunk("tEXt", "Comment\x00"+canary), chunk("zTXt", "Raw profile type exif\x00\x00"+canary),
		chunk("iTXt", "XML:com.adobe.xmp\x00\x00\x00\x00\x00"+xmp), chunk("tIME", []byte{7, 229, 1, 2, 3, 4, 5}),
		chunk("dSIG", canary), chunk("caBX", canary), chunk("pHYs", uint32(1), uint32(1), 1), start, data, frames,
		chunk("tEXt", "Comment\x00"+canary), chunk("IEND"), canary, chunk("tEXt", canary))
}

func gifSample() []byte {
	var b bytes.Buffer
	must(0, gif.EncodeAll(&b, &gif.GIF{Image: []*image.Paletted{pixels(0), pixels(1)}, Delay: []int{5, 5}, LoopCount: 3}))
	all := b.Bytes()
	at := bytes.Index(all, []byte("\x21\xff\x0bNETSCAPE2.0"))
	// Adobe writes XMP without sub-blocks, and then 256 bytes that lead every reader to its end.
	magic := []byte{1}
	for n := 255; n >= 0; n-- {
		magic = append(magic, byte(n))
	}
	magic = append(magic, 0)
	return join(all[:at],
		"\x21\xfe", len(canary), canary, 0, "\x21\xfe", 255, strings.Repeat("canary", 43)[:255], 1, "c", 0,
		"\x21\xff\x0bXMP DataXMP", xmp, magic, "\x21\xff\x0bcanary canc", len(canary), canary, 0,
		"\x21\xff\x0aADOBE:IR1.", len(canary), canary, 0,
		all[at:at+19-1], len(canary), canary, 0,
		"\x21\x01", 12, "canarycanary", len(canary), canary, 0,
		all[at+19:], canary, 0x21, 0xfe, canary)
}

// dot is a lossless WebP of one pixel.
var dot = must(base64.StdEncoding.DecodeString("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA=="))

func riff(kind string, content ...any) []byte {
	c := join(content...)
	length := binary.LittleEndian.AppendUint32(nil, uint32(len(c)))
	return join(kind, length, c, make([]byte, len(c)&1))
}

func webpSample(animated bool, exifPrefix string) []byte {
	// The oracle does not know that chunks of an odd length are padded.
	pixels, flags := riff("VP8L", dot[20:]), 0x20|webpExif|webpXMP
	if animated {
		flags |= 2
		pixels = join(riff("ANIM", make([]byte, 6)),
			riff("ANMF", make([]byte, 16), pixels, riff("XMP ", xmp)), riff("ANMF", make([]byte, 16), riff("cana", canary), pixels))
	}
	all := join("WEBP", riff("VP8X", flags, make([]byte, 9)), riff("ICCP", "a profile."), riff("cana", canary), pixels,
		riff("EXIF", exifPrefix, exif(binary.LittleEndian, turned)), riff("EXIF", exif(binary.LittleEndian, 3)), riff("XMP ", xmp), riff("cana", canary+"!"))
	return join(riff("RIFF", all), canary)
}

func isoBox(kind string, content ...any) []byte {
	c := join(content...)
	return join(uint32(len(c)+8), kind, c)
}

func fullBox(kind string, version int, content ...any) []byte {
	return isoBox(kind, version, 0, 0, 0, join(content...))
}

// heicSample has the Exif in the file and the XMP, in two extents, in the file or in idat.
func heicSample(brand string, version int, inIdat bool) []byte {
	const coded = "the coded picture"
	exif := join(uint32(6), exifHead, exif(binary.BigEndian, turned))
	half := len(xmp) / 2
	data, idat := join(coded, exif), join("grid", xmp[:half], "between", xmp[half:])
	if !inIdat {
		data, idat = join(data, idat), nil
	}
	infe := func(id int, kind, name string) []byte {
		return fullBox("infe", 2, uint16(id), uint16(0), kind, name)
	}
	item := func(id, method int, extents ...uint32) []byte {
		head := join(uint16(id))
		if version == 2 {
			head = join(uint32(id))
		}
		if version > 0 {
			head = join(head, uint16(method))
		}
		return join(head, uint16(0), uint16(len(extents)/2), extents)
	}
	ftyp := isoBox("ftyp", brand, uint32(0), "mif1", brand)
	meta := func(at int) []byte {
		second, method := at+len(coded)+len(exif), 0
		if inIdat {
			second, method = 0, 1
		}
		count := join(uint16(3))
		if version == 2 {
			count = join(uint32(3))
		}
		return fullBox("meta", 0,
			fullBox("hdlr", 0, uint32(0), "pict", make([]byte, 12), canary, 0),
			fullBox("pitm", 0, uint16(1)),
			fullBox("iinf", 0, uint16(3), infe(1, "hvc1", canary+"\x00"), infe(2, "Exif", canary+"\x00"),
				infe(3, "mime", canary+"\x00application/rdf+xml\x00")),
			fullBox("iloc", version, 0x44, 0, count,
				item(1, 0, uint32(at), uint32(len(coded))),
				item(2, 0, uint32(at+len(coded)), uint32(len(exif))),
				item(3, method, uint32(second+4), uint32(half), uint32(second+4+half+7), uint32(len(xmp)-half))),
			fullBox("iref", 0, isoBox("cdsc", uint16(2), uint16(1), uint16(1))),
			isoBox("iprp", isoBox("ipco", fullBox("ispe", 0, uint32(16), uint32(8)), isoBox("irot", 1), fullBox("udes", 0, canary),
				isoBox("uuid", canary)), fullBox("ipma", 0, uint32(0))),
			isoBox("idat", idat), isoBox("uuid", canary), fullBox("xml ", 0, canary))
	}
	at := len(ftyp) + len(meta(0)) + 8
	return join(ftyp, meta(at), isoBox("mdat", data), isoBox("mpvd", isoBox("ftyp", "mp42"), canary), isoBox("free", canary),
		isoBox("uuid", canary), fullBox("meta", 0, canary), isoBox("ftyp", "mp42"), canary, canary)
}

// movieSample is a sequence of pictures, with sound if asked for.
func movieSample(sound bool) []byte {
	track := func(handler string) []byte {
		entry := isoBox("av01", make([]byte, 24), uint16(16), uint16(8), make([]byte, 50))
		return isoBox("trak", fullBox("tkhd", 1, "canarycanarycana", make([]byte, 80)),
			isoBox("mdia", fullBox("mdhd", 0, "canaryca", make([]byte, 12)),
				fullBox("hdlr", 0, uint32(0), handler, make([]byte, 12), canary, 0),
				isoBox("minf", isoBox("stbl", fullBox("stsd", 0, uint32(1), entry), fullBox("stsz", 0, uint32(1), uint32(7)),
					isoBox("cana", canary)))), isoBox("udta", canary), fullBox("meta", 0, canary))
	}
	tracks := track("pict")
	if sound {
		tracks = join(tracks, track("soun"))
	}
	return join(isoBox("ftyp", "avis", uint32(0), "avis", "msf1"),
		isoBox("moov", fullBox("mvhd", 0, "canaryca", make([]byte, 88)), tracks, isoBox("udta", canary)), isoBox("mdat", "pictures"))
}

func bmpSample() []byte {
	var b bytes.Buffer
	must(0, bmp.Encode(&b, pixels(0)))
	return join(b.Bytes(), canary)
}

// all returns a sample of each kind, with as much metadata as it can have.
func all() map[string][]byte {
	return map[string][]byte{
		"photo.jpg": jpegSample(), "still.png": pngSample(false), "animated.png": pngSample(true), "animated.gif": gifSample(),
		"still.webp": webpSample(false, ""), "prefixed.webp": webpSample(false, exifHead), "animated.webp": webpSample(true, ""),
		"0.heic": heicSample("heic", 0, false), "1.heic": heicSample("heic", 1, true), "2.avif": heicSample("avif", 2, true),
		"2.heif": heicSample("mif1", 2, false), "sequence.avif": movieSample(false), "sound.avif": movieSample(true),
		"plain.bmp": bmpSample(),
	}
}
