// Package config holds every setting of the server in one struct: Config's tags define the flags, the environment
// names, the defaults and the help.
//
// A value comes from the first of these sources that has one:
//
//	flag  >  environment  >  credential  >  file (--config FILE; else .dev.vars, then .env)  >  default
//
// An empty text counts as not set, except for a list. parseAssignments and readKeys document the file formats.
//
// Load reads all of them and reports every problem at once, so that a configuration can be fixed in one go. It only
// reads: it never creates anything.
//
// Keys may be in their own files, which a layer names (WEB_API_KEY_FILE), or be systemd credentials. Merge combines the
// configuration in force with a newly read one, for a reload.
//
// The package MUST NOT know what a setting is used for beyond the relations between settings, nor exit, log
// or print. A key's value leaves it only inside Config; wherever a value is shown it is masked.
package config
