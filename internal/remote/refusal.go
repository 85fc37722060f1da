package remote

import "net/http"

const (
	// remedyHost is for a proxy that gives the server another name than its clients do.
	remedyHost = `the proxy changes the Host header; in nginx add "proxy_set_header Host $host;" next to proxy_pass ($http_host if the address has a port; Apache: ProxyPreserveHost On)`
	// remedyUpgrade is for a proxy that drops the hop-by-hop headers of an upgrade (RFC 9110, section 7.6.1).
	remedyUpgrade = `the proxy drops the upgrade; in nginx add "proxy_http_version 1.1;", "proxy_set_header Upgrade $http_upgrade;" and "proxy_set_header Connection upgrade;" next to proxy_pass`
)

// RefusalHint returns what an upgrade refused with status commonly means, "" if that is unknown.
func RefusalHint(status int) string {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return "it is redirected, and clients do not follow redirects: give them the target address (wss://?)"
	case http.StatusUpgradeRequired, http.StatusBadRequest, http.StatusOK:
		return "if a proxy is in front: " + remedyUpgrade
	case http.StatusForbidden:
		return "the origin is not allowed: list it in ALLOWED_ORIGINS; if it is the address of the server itself, " + remedyHost
	case http.StatusNotFound:
		return "no server answers at this path; check that the proxy has a location for it"
	case http.StatusTooManyRequests:
		return "too many wrong keys from this address; it may try once a minute. If no client used a wrong key, all clients appear to have one address: add the proxy to CHATME_TRUSTED_PROXIES"
	case http.StatusBadGateway, http.StatusGatewayTimeout:
		return "the proxy cannot reach the server: check that the server is running and that proxy_pass has its address"
	case http.StatusServiceUnavailable:
		return "the server is full or shutting down"
	}
	return ""
}
