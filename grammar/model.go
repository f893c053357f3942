package grammar

import "popper/grammar/automaton"

// Model is what a grammar means, once it is known to be sound.
type Model struct {
	Sources     []string
	Command     *Frame
	Reply       *Frame
	Arguments   []*Argument
	Params      []Param // of all commands, each name once, in the order of their first use
	States      []*State
	Shapes      []*Shape
	Dialects    []*Dialect
	Commands    []*Command
	Lines       []*Line
	Transducers []*Transducer
	Laws        []*Law
	Classes     map[string]automaton.Set

	// CommandNFA accepts a command line, line end included; its expression i
	// is Commands[i]. CommandDFA is the same made deterministic.
	CommandNFA *automaton.NFA
	CommandDFA *automaton.DFA
}

// Frame is how a line is framed.
type Frame struct {
	Doc            string
	Limit          int // octets, the line end counted
	End, Tolerate  string
	Gap            automaton.Set
	GapWritten     byte
	Trailing       bool
	Caseless       bool
	OK, Err, Close string
	More           string // begins a line that asks the client for a line; "" if none does
}

// ArgumentKind tells the three types of argument apart.
type ArgumentKind uint8

// The types of argument.
const (
	Token  ArgumentKind = iota // one word of the class
	Rest                       // all that is left of the line, after exactly one octet of gap
	Number                     // unsigned and decimal
)

// Argument is a type of argument.
type Argument struct {
	Doc      string
	Name     string
	Kind     ArgumentKind
	Class    automaton.Set // Token, Rest
	Min, Max uint64        // Number
}

// State is a state of the session.
type State struct {
	Doc          string
	Name         string
	Start, Final bool
}

// Shape is a listing line of a reply.
type Shape struct {
	Doc    string
	Name   string
	Fields []Field
}

// Field is one field of a Shape: a number or a text.
type Field struct {
	Name   string
	Number bool
}

// maxDigits is how many octets a number in a reply has at most.
const maxDigits = len("18446744073709551615")

// TextLimit is how many octets each text of s may have, so that a positive reply
// of s fits into f with the longest numbers: it is less than 1 if none does. It
// fits as a line of a list too, where a stuffed octet stands for the status word.
func (f *Frame) TextLimit(s *Shape) int {
	left, texts := f.Limit-len(f.OK)-len(f.End), 0
	for _, x := range s.Fields {
		left -= len(" ")
		if x.Number {
			left -= maxDigits
		} else {
			texts++
		}
	}
	if texts == 0 {
		return left + 1
	}
	return left / texts
}

// Dialect is a set of commands that a server may be told not to speak.
type Dialect struct {
	Doc  string
	Name string
}

// Command is a command, or a sub-command when it has several words.
type Command struct {
	Doc     string
	Dialect *Dialect // nil if the grammar has no dialects
	Words   []string
	Params  []Param
	In      []In
	Answers []AnswerShape

	Limit      int    // octets of a line of it, the line end counted
	Asks       Asked  // what the client is asked for besides
	Capability string // the word by which CAPA announces it; "" if none does
}

// Asked is what a client is asked for after its command.
type Asked string

// What there is to ask for.
const (
	Nothing Asked = ""
	Content Asked = "content" // a message after a positive reply, which gets a second one
	Lines   Asked = "lines"   // any number of lines before the reply, each after one that begins with Frame.More
)

// Param is one argument of a command. Its name is that of the field that holds
// it, so that one name has one type in all commands.
type Param struct {
	*Argument
	Name     string
	Optional bool
	Inner    bool // it may be given only if the one before it is, which is optional too
}

// In is one state in which a command is valid, and what follows. If is the argument
// that must be given for that, or "": without it the session stays in State.
type In struct {
	State, OK, Failed *State
	If                string
}

// AnswerShape is what a positive reply looks like: a single line of Shape or of free
// text, a list of such lines, or content. If is the argument that must be
// given for it, or ""; In the state in which it is given, or nil.
type AnswerShape struct {
	Shape   *Shape
	List    bool
	Content bool
	If      string
	In      *State
}

// Multiline tells whether the reply has more than one line.
func (a AnswerShape) Multiline() bool { return a.List || a.Content }

// Line is a line for which a recogniser is made.
type Line struct {
	Doc    string
	Name   string
	Limit  int
	After  []string
	Expr   automaton.Expr
	Regexp string // the same in the syntax of Go's regexp, over runes 0 to 255
	DFA    *automaton.DFA
}

// Transducer rewrites octets.
type Transducer struct {
	Doc    string
	Name   string
	States []TransState
	Stops  bool // it ends by itself
}

// TransState is a state of a transducer. Rows covers every octet once.
type TransState struct {
	Name string
	Rows []TransStep
	End  string // what is written when the input ends here
}

// TransStep is what happens on any octet of Set: Before is written, then the
// octet itself if Copy, then After.
type TransStep struct {
	Set           automaton.Set
	Before, After string
	Copy, Stop    bool
	Next          int
}

// Law says that Inverse applied after Of gives Normal, for every input.
type Law struct{ Inverse, Of, Normal *Transducer }
