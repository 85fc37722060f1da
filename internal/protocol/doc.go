// Package protocol decodes frames into chat.Command and encodes chat.Event, and defines the limits and close codes of the
// wire.
//
// It holds no connection, session or clock, and it MUST NOT know of sockets, the lobby's state or storage: how it decodes a
// frame depends only on the frame and on Rules.
//
// # The wire
//
// WebSocket (RFC 6455), one JSON object (RFC 8259) per frame, text or binary alike. A legacy client speaks the base protocol
// and never receives a message or member of the other part. A client that puts a resume object with v 1 into its auth is
// resumable.
//
//	a connection, base protocol            a resumable connection
//
//	C→S auth{apiKey}                       C→S auth{apiKey,resume{v:1}}
//	S→C auth_success                       S→C auth_success
//	  or auth_error{error}, close 4001     S→C session_id{sessionId,epoch,windowMs,pingMs,maxBytes,
//	                                             topics?,languages?}
//	                                       C→S prefer{topics?,languages?}
//	C→S search                             C→S search{partnerId?}
//	S→C searching                          S→C searching
//	S→C matched{partnerId}                 S→C matched{partnerId,common?}
//	C→S message{text?,imageUrl?}           C→S message{partnerId?,text?,imageUrl?,n}
//	S→C message{text?,from,imageUrl?}      S→C message{text?,from,n,ts,imageUrl?}
//	C→S typing_start, typing_stop          S→C ack{recv,delivered}
//	S→C typing_start, typing_stop          C→S ack{partnerId,got}
//	S→C partner_disconnected               S→C gap{n}
//	C→S ping                               S→C partner_away{untilMs}, partner_back
//	S→C pong                               C→S sleep{forMs}
//	C→S end_chat                           S→C error{code,message,n?,expect?}
//	S→C chat_ended, close 1000             (the socket is lost)
//	                                       C→S auth{apiKey,resume{v:1,sessionId,epoch,partnerId,got,acked}}
//	                                       S→C auth_success
//	                                       S→C resumed{epoch,state,partnerId?,partner?,recv,delivered,last,
//	                                             replay,gap,awayMs,windowMs,pingMs,maxBytes,
//	                                             topics?,languages?}
//	                                         or resume_failed{code}, session_id{…}
//
// # Reading
//
// Decode reads a frame in one pass, without reflection, and copies a string value at most once. It is strict: it accepts
// only JSON by RFC 8259, nested at most MaxDepth deep. Names match case-sensitively, only at the top level and inside
// resume. If a name is repeated, the last value counts. A null member is treated as absent. Unknown members are validated
// and skipped. A known member of a wrong type is an error only if the message's type uses it.
//
// An image is cleaned where it lies (package picture): in the frame for Take, in the copy for Decode. Its length does not
// change.
//
// RAW CLIENT BYTES NEVER REACH A PARTNER: a frame is decoded into typed values, and Append encodes them again.
//
// # Writing
//
// Append writes a whole message. An image can be several MB, and a valid one needs no JSON escapes, so a large image need
// not be copied: AppendHead writes the part in front of it, then the unchanged image is written, then Tail.
package protocol
