// Package config is every setting of the server in one struct: Config's tags are the flags, the environment
// names, the defaults and the help.
//
// A value comes from the first of these that has one:
//
//	flag  >  environment  >  credential  >  file (--config FILE; else .dev.vars, then .env)  >  default
//
// An empty text is as good as none, but for a list. What a file may look like is said at parseAssignments and readKeys.
//
// Load reads all of them and reports every problem at once, so that a person fixes a configuration in one
// go and not one error at a time. It only reads: whatever the outcome, nothing is created.
//
// Keys may stand in files of their own, which a layer names (WEB_API_KEY_FILE), or be credentials of systemd. Merge is
// what a reload makes of the configuration in force and one that was read anew.
//
// The package MUST NOT know what a setting is used for beyond the relations between settings, nor exit, log
// or print. A key's value leaves it only inside Config; wherever a value is shown it is masked.
package config
