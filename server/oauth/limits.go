package oauth

import "time"

// Every limit of this package, each with what it stops.
const (
	// maxAnswer is how many octets an answer of the authorization server, or a file of
	// keys, may have. Stops one that has gone mad from filling the memory.
	maxAnswer = 256 << 10

	// maxHeader is the same for the header of an answer.
	maxHeader = 32 << 10

	// answerTime is how long an answer may take in all. Stops a server that hangs from
	// holding sessions.
	answerTime = 10 * time.Second

	// maxQuestions is how many tokens are asked about at the same time; others wait.
	// Stops strangers who send tokens from turning popper upon the authorization server.
	maxQuestions = 16

	// maxSecret is how many octets the file with the client's secret may have: a setting
	// that points at another file must not send it over the network.
	maxSecret = 1 << 10

	// maxKeys is how many keys are looked at. Stops a token that names no key from being
	// tried with a great many.
	maxKeys = 64

	// minRSA is the least size of an RSA key, in bits (RFC 7518 section 3.3).
	minRSA = 2048

	// keysFresh is for how long the keys of a URL are used before they are asked for
	// again, and keysStale for how long if the server does not answer: a key that was
	// withdrawn must not be good for ever.
	keysFresh = time.Hour
	keysStale = 24 * time.Hour

	// keysPause is the least time between two such questions. Stops tokens that name keys
	// which do not exist from making popper ask without end.
	keysPause = time.Minute

	// leeway is how far the clocks of two machines may be apart.
	leeway = time.Minute
)
