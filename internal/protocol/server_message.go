package protocol

// ServerMessage is any message of the server, for a client to decode with encoding/json. The package comment lists the
// members of each type; members that a type does not have are zero.
type ServerMessage struct {
	Type string `json:"type"`

	Error     string `json:"error"`     // auth_error
	PartnerID string `json:"partnerId"` // matched, resumed
	Text      string `json:"text"`      // message
	ImageURL  string `json:"imageUrl"`  // message
	From      string `json:"from"`      // message: the partnerId of its chat
	N         uint64 `json:"n"`         // message, gap, error
	TS        int64  `json:"ts"`        // message: Unix ms

	SessionID string `json:"sessionId"` // session_id
	Epoch     string `json:"epoch"`     // session_id, resumed
	WindowMs  int64  `json:"windowMs"`  // session_id, resumed
	PingMs    int64  `json:"pingMs"`    // session_id, resumed
	MaxBytes  int64  `json:"maxBytes"`  // session_id, resumed

	Topics    []string `json:"topics"`    // session_id, resumed
	Languages []string `json:"languages"` // session_id, resumed
	Common    []string `json:"common"`    // matched

	State     string `json:"state"`     // resumed: matched, ended, searching or idle
	Partner   string `json:"partner"`   // resumed: here or away
	Recv      uint64 `json:"recv"`      // resumed, ack
	Delivered uint64 `json:"delivered"` // resumed, ack
	Last      uint64 `json:"last"`      // resumed
	Replay    int    `json:"replay"`    // resumed
	Gap       bool   `json:"gap"`       // resumed
	AwayMs    int64  `json:"awayMs"`    // resumed

	Code    string `json:"code"`    // resume_failed, error
	Message string `json:"message"` // error, for people
	Expect  uint64 `json:"expect"`  // error gap: the expected n
	UntilMs int64  `json:"untilMs"` // partner_away: Unix ms
}
