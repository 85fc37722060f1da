package config

import (
	"regexp"
	"strings"
)

// The variables that Kubernetes and Docker put into the environment of every container, for a service or a linked
// container with the name X: https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables and
// https://docs.docker.com/engine/network/links/. A service called chatme, or chatme-web, is likely.
var (
	linkName = regexp.MustCompile(`^[^=]+_(` +
		`SERVICE_HOST|SERVICE_PORT(_[^=]+)?|` + // of a service, and of each of its named ports
		`PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR|START|END|PORT_START|PORT_END))?|` + // of each port, or of a range
		`NAME|ENV_.+)$`) // of a container, and each variable of its own

	// linkPort alone could be a typo of CHATME_ADDR; its value tells them apart.
	linkPort      = regexp.MustCompile(`^[^=]+_PORT$`)
	linkPortValue = regexp.MustCompile(`^(tcp|udp|sctp)://`)
)

// isServiceLink reports whether a variable has the form of those set by Kubernetes and Docker. No setting has this form.
func isServiceLink(name, text string) bool {
	return linkName.MatchString(name) || linkPort.MatchString(name) && linkPortValue.MatchString(strings.ToLower(text))
}
