package sasl

// Every limit of this package, each with what it stops.
const (
	// maxToken is the longest access token, in octets. Those of today's services have up
	// to 4 KiB. Stops strangers from having long nonsense checked, or sent on.
	maxToken = 12 << 10

	// keySize is the length of the key of DecoyKey, in octets.
	keySize = 32
)
