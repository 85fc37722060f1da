package doctor

// clock checks that the machine's clock is synchronized.
func (d *doctor) clock() {
	synchronised, err := clockSynchronised()
	switch {
	case err != nil:
		d.unchecked("clock", "the kernel does not report whether it is synchronized: "+err.Error(), "")
	case !synchronised:
		d.warning("clock", "not synchronized: times in the log and the queue may be wrong, and jump when the clock is set", "timedatectl set-ntp true, or install chrony")
	default:
		d.ok("clock", "synchronized")
	}
}
