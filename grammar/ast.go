package grammar

import "github.com/alecthomas/participle/v2/lexer"

// The syntax tree, as participle fills it in. Every node knows where it
// stands; nothing here knows what it means: that is the resolver's part.

// File is one grammar file.
type File struct {
	Pos   lexer.Position
	Decls []*Decl `parser:"@@*"`
}

// Decl is one declaration with the documentation above it.
type Decl struct {
	Pos        lexer.Position
	Doc        []string        `parser:"@Doc*"`
	Class      *ClassDecl      `parser:"( @@"`
	Dialect    *DialectDecl    `parser:"| @@"`
	Rule       *RuleDecl       `parser:"| @@"`
	Frame      *FrameDecl      `parser:"| @@"`
	Argument   *ArgumentDecl   `parser:"| @@"`
	State      *StateDecl      `parser:"| @@"`
	Reply      *ReplyDecl      `parser:"| @@"`
	Command    *CommandDecl    `parser:"| @@"`
	Extend     *ExtendDecl     `parser:"| @@"`
	Line       *LineDecl       `parser:"| @@"`
	Transducer *TransducerDecl `parser:"| @@"`
	Law        *LawDecl        `parser:"| @@ )"`
}

// ClassDecl names a set of octets: class blank = SP | HT.
type ClassDecl struct {
	Pos   lexer.Position
	Name  string `parser:"'class' @Ident '='"`
	Terms []*Set `parser:"@@ ( '|' @@ )*"`
}

// Set is one term of a class: octets, less others.
type Set struct {
	Pos  lexer.Position
	Base *Octets   `parser:"@@"`
	Less []*Octets `parser:"( '-' @@ )*"`
}

// Octets is a named octet, a range, one octet, any octet, or another class.
type Octets struct {
	Pos  lexer.Position
	Low  *Octet `parser:"( @@"`
	High *Octet `parser:"  ( '..' @@ )?"`
	Ref  string `parser:"| (?! 'class' | 'rule' | 'frame' | 'argument' | 'state' | 'reply' | 'dialect' | 'command' | 'extend' | 'line' | 'transducer' | 'law' ) @Ident )"`
}

// Octet is one octet: "A", 0x41, or by its name: CR.
type Octet struct {
	Pos  lexer.Position
	Text *Text  `parser:"( @@"`
	Hex  string `parser:"| @Hex"`
	Name string `parser:"| @Upper )"`
}

// Text is a quoted string; its parts come from the lexer's own state for it.
type Text struct {
	Pos   lexer.Position
	Parts []string `parser:"Quote @( Chars | Escape )* QuoteEnd"`
}

// RuleDecl names an expression: rule clock = two ":" two.
type RuleDecl struct {
	Pos  lexer.Position
	Name string `parser:"'rule' @Ident '='"`
	Expr *Expr  `parser:"@@"`
}

// Expr is a choice of sequences.
type Expr struct {
	Pos  lexer.Position
	Alts []*Seq `parser:"@@ ( '|' @@ )*"`
}

// Seq is one thing after another. A name followed by "=" would begin the next
// declaration, but declarations begin with a reserved word of their own.
type Seq struct {
	Pos   lexer.Position
	Items []*Item `parser:"@@+"`
}

// Item is an atom with its repetition.
type Item struct {
	Pos   lexer.Position
	Low   *Octet    `parser:"(?! 'class' | 'rule' | 'frame' | 'argument' | 'state' | 'reply' | 'dialect' | 'command' | 'extend' | 'line' | 'transducer' | 'law' )( @@"`
	High  *Octet    `parser:"  ( '..' @@ )?"`
	Group *Expr     `parser:"| '(' @@ ')'"`
	Ref   string    `parser:"| @Ident )"`
	Op    string    `parser:"( @( '?' | '*' | '+' )"`
	Count *Repeated `parser:"| @@ )?"`
}

// Repeated is {3} or {1,5}.
type Repeated struct {
	Pos lexer.Position
	Min string `parser:"'{' @Int"`
	Max string `parser:"( ',' @Int )? '}'"`
}

// FrameDecl says how lines are framed.
type FrameDecl struct {
	Pos   lexer.Position
	Name  string       `parser:"'frame' @Ident '{'"`
	Props []*FrameProp `parser:"@@* '}'"`
}

// FrameProp is one property of a frame.
type FrameProp struct {
	Pos      lexer.Position
	Limit    string   `parser:"( 'limit' @Int"`
	End      []*Octet `parser:"| 'end' @@+"`
	Tolerate []*Octet `parser:"| 'tolerate' @@+"`
	Gap      string   `parser:"| 'gap' @Ident"`
	Trailing bool     `parser:"| @'trailing' 'gap'"`
	Caseless bool     `parser:"| @'caseless'"`
	OK       *Text    `parser:"| 'ok' @@"`
	More     *Text    `parser:"| 'more' @@"`
	Err      *Text    `parser:"| 'err' @@"`
	Close    *Text    `parser:"| 'close' @@ )"`
}

// ArgumentDecl is a type of argument with its limits.
type ArgumentDecl struct {
	Pos   lexer.Position
	Name  string `parser:"'argument' @Ident '='"`
	Token string `parser:"( 'token' 'of' @Ident"`
	Rest  string `parser:"| 'rest' 'of' @Ident"`
	Min   string `parser:"| 'number' @Int '..'"`
	Max   string `parser:"  @Int )"`
}

// StateDecl is a state of the session.
type StateDecl struct {
	Pos   lexer.Position
	Name  string `parser:"'state' @Ident"`
	Start bool   `parser:"( @'start'"`
	Final bool   `parser:"| @'final' )?"`
}

// ReplyDecl is the shape of a listing line.
type ReplyDecl struct {
	Pos    lexer.Position
	Name   string       `parser:"'reply' @Ident '='"`
	Fields []*FieldDecl `parser:"@@+"`
}

// FieldDecl is one field of a listing line.
type FieldDecl struct {
	Pos  lexer.Position
	Name string `parser:"@Ident ':'"`
	Kind string `parser:"@( 'number' | 'text' )"`
}

// CommandDecl is a command or sub-command.
type CommandDecl struct {
	Pos     lexer.Position
	Words   []string     `parser:"'command' @Upper+"`
	Params  []*ParamDecl `parser:"@@* '{'"`
	Ins     []*InDecl    `parser:"@@*"`
	Limit   string       `parser:"( 'limit' @Int )?"`
	Answers []*Answer    `parser:"@@*"`
	Asks    string       `parser:"( 'asks' @( 'content' | 'lines' ) )?"`

	Capability string `parser:"( 'capability' @Upper )? '}'"`
}

// DialectDecl begins a part of a file: the commands that follow it there are of
// that dialect, up to the next one.
type DialectDecl struct {
	Pos  lexer.Position
	Name string `parser:"'dialect' @Ident"`
}

// ExtendDecl adds states and answers to a command that is declared elsewhere.
type ExtendDecl struct {
	Pos     lexer.Position
	Words   []string  `parser:"'extend' @Upper+ '{'"`
	Ins     []*InDecl `parser:"@@*"`
	Answers []*Answer `parser:"@@* '}'"`
}

// ParamDecl is an argument of a command, optional in brackets; within these another
// may follow, which needs the first. It has the name of its type, or one of its own:
// secret:text.
type ParamDecl struct {
	Pos      lexer.Position
	Required *NamedType `parser:"( @@"`
	Optional *NamedType `parser:"| '[' @@"`
	Inner    *ParamDecl `parser:"  ( (?= '[' ) @@ )? ']' )"`
}

// NamedType is a type of argument, and a name for this use of it.
type NamedType struct {
	Pos  lexer.Position
	Name string `parser:"( @Ident ':' )?"`
	Type string `parser:"@Ident"`
}

// InDecl names states in which the command is valid, and what follows; with If,
// only when that argument was given.
type InDecl struct {
	Pos    lexer.Position
	States []string `parser:"'in' @Ident ( ',' @Ident )*"`
	OK     string   `parser:"( 'ok' '->' @Ident"`
	Failed string   `parser:"  ( 'failed' '->' @Ident )?"`
	Always string   `parser:"| 'always' '->' @Ident )?"`
	If     string   `parser:"( 'if' @Ident )?"`
}

// Answer is the shape of the positive reply.
type Answer struct {
	Pos     lexer.Position
	Content bool   `parser:"'answer' ( @'content'"`
	Line    bool   `parser:"| @'line'"`
	List    string `parser:"| 'list' 'of' @Ident"`
	Single  string `parser:"| @Ident )"`
	If      string `parser:"( 'if' @Ident )?"`
	In      string `parser:"( 'in' @Ident )?"`
}

// LineDecl is a line that a recogniser is made for.
type LineDecl struct {
	Pos   lexer.Position
	Name  string   `parser:"'line' @Ident '{'"`
	Limit string   `parser:"'limit' @Int"`
	After []string `parser:"'after' @Ident ( ',' @Ident )*"`
	Form  *Expr    `parser:"'form' @@ '}'"`
}

// TransducerDecl rewrites one stream of octets into another.
type TransducerDecl struct {
	Pos    lexer.Position
	Name   string       `parser:"'transducer' @Ident '{'"`
	States []*TransRows `parser:"@@+ '}'"`
}

// TransRows are the rows of one state of a transducer.
type TransRows struct {
	Pos  lexer.Position
	Name string      `parser:"'state' @Ident '{'"`
	Rows []*TransRow `parser:"@@* '}'"`
}

// TransRow is one row: on this octet, that output, and the state that follows.
type TransRow struct {
	Pos  lexer.Position
	On   *Octet  `parser:"( @@"`
	Any  bool    `parser:"| @'any'"`
	End  bool    `parser:"| @'end' ) '->'"`
	Out  []*Emit `parser:"@@*"`
	Next string  `parser:"( (?! ( 'any' | 'end' ) '->' ) @Ident )?"`
}

// Emit is output: the octet read, or fixed text.
type Emit struct {
	Pos   lexer.Position
	Copy  bool   `parser:"( @'copy'"`
	Octet *Octet `parser:"| @@ )"`
}

// LawDecl is an equation between transducers: law unstuff after stuff = normal.
type LawDecl struct {
	Pos     lexer.Position
	Inverse string `parser:"'law' @Ident 'after'"`
	Of      string `parser:"@Ident '='"`
	Normal  string `parser:"@Ident"`
}
