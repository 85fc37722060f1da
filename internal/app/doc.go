// Package app is a running server. It wires the parts together, serves, reloads and stops them, and answers the operator.
// It makes no decisions about chats.
package app
