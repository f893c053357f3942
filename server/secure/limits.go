package secure

import "time"

// Every limit of this package, each with what it stops.
const (
	// handshakeTime is how long a handshake may take in all. Stops strangers who open
	// connections and say nothing, or an octet now and then. Slow lines and old
	// machines need a few seconds.
	handshakeTime = 30 * time.Second

	// closeTime is how long the last record of TLS, which tells that nothing was cut
	// off, may wait for the client to read. Stops one who does not from holding the
	// connection.
	closeTime = 5 * time.Second

	// maxFile is how large each file may be, in octets. A chain and a key have a few
	// thousand; a setting that points at a bundle of all authorities must not
	// make every handshake send it.
	maxFile = 128 << 10

	// lookEvery is how often handshakes look whether the files have changed. Stops a
	// flood of connections from being a flood of system calls as well.
	lookEvery = time.Second

	// expiryNotice is how long before its certificate expires popper begins to warn,
	// once a day, but not before expiryShare of its life is left. Programs renew a
	// certificate of 90 days when it has 30 left, one of six days when it has three: who
	// is warned has a renewal that fails.
	expiryNotice = 14 * 24 * time.Hour
	expiryShare  = 5

	// minRSA is how many bits an RSA key should have: clients refuse smaller ones.
	minRSA = 2048

	// maxLinks is how many symbolic links are followed to find which file or directory is
	// closed to popper. Stops a link that leads to itself; the system follows no more.
	maxLinks = 40

	// maxLogged is how many octets of an unforeseen error go to the log, where they are
	// escaped: parts of it may be what a stranger sent.
	maxLogged = 200
)
