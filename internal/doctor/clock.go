package doctor

// clock is whether the machine's clock is kept.
func (d *doctor) clock() {
	synchronised, err := clockSynchronised()
	switch {
	case err != nil:
		d.unchecked("clock", "the kernel does not say whether it is synchronised: "+err.Error(), "")
	case !synchronised:
		d.warning("clock", "it is not synchronised: times in the log and the queue may be wrong, and jump when it is set", "timedatectl set-ntp true, or install chrony")
	default:
		d.ok("clock", "synchronised")
	}
}
