// Package protocol turns the bytes of the wire into chat.Command and chat.Event into bytes, and knows the
// limits and close codes that belong to them.
//
// It holds no connection, session or clock, and it MUST NOT know of sockets, the lobby's state or storage:
// what it says of a frame depends on the frame and on Rules only.
//
// # The wire
//
// WebSocket (RFC 6455), one JSON object (RFC 8259) a frame, text or binary alike. A legacy client speaks the base
// protocol and never sees a message or a member of the other part; a client that puts a resume object with v 1
// into its auth is resumable.
//
//	a connection, base protocol            a resumable one
//
//	C→S auth{apiKey}                       C→S auth{apiKey,resume{v:1}}
//	S→C auth_success                       S→C auth_success
//	  or auth_error{error}, close 4001     S→C session_id{sessionId,epoch,windowMs,pingMs,maxBytes}
//	C→S search                             C→S search{partnerId?}
//	S→C searching                          S→C searching
//	S→C matched{partnerId}                 S→C matched{partnerId}
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
//	                                             replay,gap,awayMs,windowMs,pingMs,maxBytes}
//	                                         or resume_failed{code}, session_id{…}
//
// # Reading
//
// Decode reads a frame in one pass, without reflection, and copies a string value at most once. It is strict:
// JSON by RFC 8259 and nothing beside it, nested at most MaxDepth deep. Names match case-sensitively, at the top
// level and inside resume only; of a repeated name the last value counts; null is absent. What is unknown is
// validated and skipped. A known member of a wrong type is an error only where the message's type uses it.
//
// RAW CLIENT BYTES NEVER REACH A PARTNER: a frame is decoded into typed values, and Append encodes those anew.
//
// # Writing
//
// Append writes a whole message. An image is several MB, and a valid one holds nothing that JSON would escape;
// so a large one need not be copied: AppendHead writes what comes before it, then the image goes out as it is,
// then Tail.
package protocol
