package table

// bareLines are the commands without arguments. RFC 1081 gives STAT, NOOP,
// LAST, RSET and QUIT none; anything but blanks after the keyword is too much.
var bareLines = []Case{
	{"bare/QUIT", "QUIT\r\n", wants(`QUIT`), "R1081-QUIT-1"},
	{"bare/QUIT SP", "QUIT \r\n", wants(`QUIT`), "R1081-QUIT-1"},
	{"bare/QUIT HT", "QUIT\t\r\n", wants(`QUIT`), "R1081-QUIT-1"},
	{"bare/QUIT LF", "QUIT\n", wants(`QUIT`), "R1081-LINE-2"},
	{"bare/QUIT argument", "QUIT 1\r\n", wants(`malformed`), "R1081-LINE-7"},
	{"bare/QUIT word", "QUIT now\r\n", wants(`malformed`), "R1081-LINE-7"},

	{"bare/STAT", "STAT\r\n", wants(`STAT`), "R1081-STAT-1"},
	{"bare/STAT SP", "STAT \r\n", wants(`STAT`), "R1081-STAT-1"},
	{"bare/STAT HT", "STAT\t\r\n", wants(`STAT`), "R1081-STAT-1"},
	{"bare/STAT many blanks", "STAT \t \t  \r\n", wants(`STAT`), "R1081-STAT-1"},
	{"bare/STAT LF", "STAT\n", wants(`STAT`), "R1081-LINE-2"},
	{"bare/STAT blank LF", "STAT \n", wants(`STAT`), "R1081-LINE-2"},
	{"bare/STAT argument", "STAT 1\r\n", wants(`malformed`), "R1081-LINE-7"},
	{"bare/STAT empty quotes", "STAT \"\"\r\n", wants(`malformed`), "R1081-LINE-7"},
	{"bare/STAT argument after blanks", "STAT  \t 1 \r\n", wants(`malformed`), "R1081-LINE-7"},
	{"bare/STAT repeated", "STAT STAT\r\n", wants(`malformed`), "R1081-LINE-7"},

	{"bare/NOOP", "NOOP\r\n", wants(`NOOP`), "R1081-NOOP-1"},
	{"bare/NOOP SP", "NOOP \r\n", wants(`NOOP`), "R1081-NOOP-1"},
	{"bare/NOOP HT", "NOOP\t\r\n", wants(`NOOP`), "R1081-NOOP-1"},
	{"bare/NOOP LF", "NOOP\n", wants(`NOOP`), "R1081-LINE-2"},
	{"bare/NOOP argument", "NOOP 1\r\n", wants(`malformed`), "R1081-LINE-7"},
	{"bare/NOOP word", "NOOP x\r\n", wants(`malformed`), "R1081-LINE-7"},

	{"bare/LAST", "LAST\r\n", wants(`LAST`), "R1081-LAST-1"},
	{"bare/LAST SP", "LAST \r\n", wants(`LAST`), "R1081-LAST-1"},
	{"bare/LAST HT", "LAST\t\r\n", wants(`LAST`), "R1081-LAST-1"},
	{"bare/LAST LF", "LAST\n", wants(`LAST`), "R1081-LINE-2"},
	{"bare/LAST argument", "LAST 1\r\n", wants(`malformed`), "R1081-LINE-7"},
	{"bare/LAST word", "LAST x\r\n", wants(`malformed`), "R1081-LINE-7"},

	{"bare/RSET", "RSET\r\n", wants(`RSET`), "R1081-RSET-1"},
	{"bare/RSET SP", "RSET \r\n", wants(`RSET`), "R1081-RSET-1"},
	{"bare/RSET HT", "RSET\t\r\n", wants(`RSET`), "R1081-RSET-1"},
	{"bare/RSET LF", "RSET\n", wants(`RSET`), "R1081-LINE-2"},
	{"bare/RSET argument", "RSET 1\r\n", wants(`malformed`), "R1081-LINE-7"},
	{"bare/RSET word", "RSET x\r\n", wants(`malformed`), "R1081-LINE-7"},
}
