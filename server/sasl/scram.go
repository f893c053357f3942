package sasl

import (
	"context"
	"slices"
	"strings"

	"github.com/xdg-go/scram"

	"popper/server"
	"popper/server/passwd"
)

// SCRAMUsers knows what users prove themselves with; passwd.File is one.
type SCRAMUsers interface {
	server.Directory
	// SCRAM returns the verifier of name; known is false for a decoy, which is made with
	// key and cannot be told from another's.
	SCRAM(name string, key []byte) (v passwd.Verifier, account server.Account, known bool)
}

// SCRAM is SCRAM-SHA-256-PLUS and SCRAM-SHA-256 (RFC 5802, RFC 7677), in this order. Only
// users with a hash of that kind can use them: passwd.File.HasSCRAM tells whether there
// are any at the time. key is that of [DecoyKey].
//
// What they stop, if somebody stands between client and server, with a certificate that the
// client has taken for ours: he does not learn the password. With -PLUS he cannot pass the
// exchange on either, for the proof is about the very connection that it came by. If he
// hides -PLUS, a client that knows bindings says "y", and he cannot change that, for the
// proof is about it, too. Residual risk: from a client that knows no bindings ("n") he can
// pass all on, and is then logged in as its user.
func SCRAM(users SCRAMUsers, key []byte) []server.Mechanism {
	return []server.Mechanism{scramMechanism(users, key, true, nil), scramMechanism(users, key, false, nil)}
}

// scramMechanism makes one. nonce is the server's part of the nonce; nil for a random one.
func scramMechanism(users SCRAMUsers, key []byte, plus bool, nonce func() string) server.Mechanism {
	name, needs := "SCRAM-SHA-256", server.NeedsNothing
	if plus {
		name, needs = name+"-PLUS", server.NeedsBinding
	}
	return mechanism{name, needs, func(ctx context.Context, private server.Private) server.Exchange {
		x := &scramExchange{ctx: ctx, users: users, key: key, private: private, plus: plus, nonce: nonce}
		x.next = x.first
		return x
	}}
}

// bindings are those that are taken, by their names in RFC 9266 and RFC 5929. Not
// tls-unique, which is broken.
var bindings = []string{"tls-exporter", "tls-server-end-point"}

type scramExchange struct {
	ctx     context.Context
	users   SCRAMUsers
	key     []byte
	private server.Private
	plus    bool
	nonce   func() string

	next    func(response []byte) ([]byte, error) // what the next response is; nil after the end
	asked   bool
	talk    *scram.ServerConversation
	claimed string
	known   bool
	account server.Account // whose proof it would be
	done    bool
}

func (x *scramExchange) Claimed() string { return x.claimed }

func (x *scramExchange) Account() server.Account {
	if !x.done {
		return server.Account{}
	}
	return x.account
}

func (x *scramExchange) Next(response []byte) (challenge []byte, done bool, err error) {
	step := x.next
	x.next = nil // unless the step goes well
	switch {
	case step == nil || response == nil && (x.talk != nil || x.asked):
		return nil, false, server.ErrExchange
	case response == nil:
		x.asked, x.next = true, step
		return []byte{}, false, nil
	}
	challenge, err = step(response)
	return challenge, x.done, err
}

// first takes client-first-message and answers salt and iterations.
func (x *scramExchange) first(response []byte) ([]byte, error) {
	binding, err := x.binding(string(response))
	if err != nil {
		return nil, err
	}
	s, err := scram.SHA256.NewServer(x.verifier)
	if err != nil {
		return nil, err
	}
	if x.nonce != nil {
		s.WithNonceGenerator(x.nonce)
	}
	if x.talk = s.NewConversation(); x.plus {
		x.talk = s.NewConversationWithChannelBindingRequired(binding)
	}
	challenge, err := x.talk.Step(string(response))
	x.claimed = x.talk.Username()
	if err != nil {
		return nil, server.ErrExchange
	}
	if id := x.talk.AuthzID(); id != "" && id != x.claimed {
		return nil, denied("the client wants to act for another user")
	}
	x.next = x.final
	return []byte(challenge), nil
}

// binding judges how client-first-message begins (RFC 5802 section 6), and returns the
// binding that it asks for. "y" is for a client that knows bindings and was offered no
// -PLUS, but on a private connection -PLUS is offered.
func (x *scramExchange) binding(message string) (b scram.ChannelBinding, err error) {
	flag, _, _ := strings.Cut(message, ",")
	kind, asked := strings.CutPrefix(flag, "p=")
	switch {
	case flag == "y" && x.private != nil:
		return b, denied("somebody kept the client from seeing that SCRAM-SHA-256-PLUS is offered")
	case asked != x.plus:
		return b, server.ErrExchange
	case !asked:
		return b, nil
	case x.private == nil || !slices.Contains(bindings, kind):
		return b, server.ErrExchange
	}
	b = scram.ChannelBinding{Type: scram.ChannelBindingType(kind), Data: x.private.Binding(kind)}
	if !b.IsSupported() {
		return b, server.ErrExchange
	}
	return b, nil
}

// verifier is called by the library when it knows the name. It never fails: unknown
// users go all the way.
func (x *scramExchange) verifier(name string) (scram.StoredCredentials, error) {
	v, account, known := x.users.SCRAM(name, x.key)
	x.account, x.known = account, known && checkName(name) == nil
	return scram.StoredCredentials{
		KeyFactors: scram.KeyFactors{Salt: string(v.Salt), Iters: v.Iterations},
		StoredKey:  v.StoredKey, ServerKey: v.ServerKey,
	}, nil
}

// final takes client-final-message, with the proof, and answers the server's own. The
// errors of RFC 5802 (e=…) are not sent: -ERR says the same.
func (x *scramExchange) final(response []byte) ([]byte, error) {
	answer, err := x.talk.Step(string(response))
	switch {
	case answer == scram.ErrChannelBindingsDontMatch:
		return nil, denied("the client's channel binding is not that of this connection: somebody may stand between")
	case answer == scram.ErrInvalidProof:
		return nil, server.ErrDenied
	case err != nil:
		return nil, server.ErrExchange
	case !x.talk.Valid() || !x.known:
		return nil, server.ErrDenied
	}
	// Who was locked since the first message does not get in.
	if x.account, err = x.users.Lookup(x.ctx, x.account.Name); err != nil {
		return nil, err
	}
	x.next = x.end
	return []byte(answer), nil
}

// end takes the client's empty answer to the server's proof: POP3 has no other place for
// that (RFC 5034 section 4).
func (x *scramExchange) end(response []byte) ([]byte, error) {
	if len(response) != 0 {
		return nil, server.ErrExchange
	}
	x.done = true
	return nil, nil
}
