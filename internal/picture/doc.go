// Package picture removes from a picture what it reveals about its sender: where and when it was taken, by which device, with
// which program, what was written into it, and what follows its end.
//
// Clean works inside the base64 of a data URI, in place. It NEVER CHANGES THE LENGTH: metadata becomes zeros, or a part that
// every reader skips, of the same size. So frames, numbers and budgets that were computed before remain right. What is
// touched is encoded back to the same number of characters; everything else keeps its characters.
//
// It MUST NOT decode pixels. It walks the containers: the segments of JPEG, the chunks of PNG and WebP, the blocks of GIF,
// the boxes of HEIC, HEIF and AVIF, the header of BMP. What a walk does not know is blanked if readers skip it, and otherwise
// the picture is refused. The content, not the declared type, decides what a picture is, because browsers decide that way.
//
// What stays: pixels, color profiles, transparency, animation, density, and the orientation, as an Exif block with this one
// tag. HEIC, HEIF and AVIF have their orientation in a property of the image, which stays.
//
// A cleaned picture is a fixed point: cleaning it again changes nothing.
package picture
