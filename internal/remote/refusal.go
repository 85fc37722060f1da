package remote

import "net/http"

const (
	// remedyHost is for a proxy that asks the server by another name than its clients do.
	remedyHost = `the proxy changes the Host header; in nginx add "proxy_set_header Host $host;" beside proxy_pass ($http_host if the address has a port; Apache: ProxyPreserveHost On)`
	// remedyUpgrade is for a proxy that drops the hop-by-hop headers of an upgrade (RFC 9110, section 7.6.1).
	remedyUpgrade = `the proxy drops the upgrade; in nginx add "proxy_http_version 1.1;", "proxy_set_header Upgrade $http_upgrade;" and "proxy_set_header Connection upgrade;" beside proxy_pass`
)

// RefusalHint is what an upgrade refused with status commonly means, "" if there is nothing to say.
func RefusalHint(status int) string {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return "it is redirected; clients do not follow: give them the address it leads to (wss://?)"
	case http.StatusUpgradeRequired, http.StatusBadRequest, http.StatusOK:
		return "if a proxy is in front: " + remedyUpgrade
	case http.StatusForbidden:
		return "the origin is not allowed: list it in ALLOWED_ORIGINS; if it is the address of the server itself, " + remedyHost
	case http.StatusNotFound:
		return "no server answers at this path; is the proxy's location for it there?"
	case http.StatusTooManyRequests:
		return "too many wrong keys came from this address; one a minute is let in. If nobody gave any, every client looks like one address: name the proxy in CHATME_TRUSTED_PROXIES"
	case http.StatusBadGateway, http.StatusGatewayTimeout:
		return "the proxy does not reach the server: is it running, and does proxy_pass name its address?"
	case http.StatusServiceUnavailable:
		return "the server is full or stopping"
	}
	return ""
}
