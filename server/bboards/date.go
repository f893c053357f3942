package bboards

import (
	"strings"
	"time"
)

// separatorDate finds the date of a separator line (MBOX-1), in this machine's zone
// whatever zone it names: some hours do not matter to an archive.
func separatorDate(line string) (time.Time, bool) {
	words := strings.Fields(line)
	for i := 2; i+3 < len(words); i++ {
		clock := words[i+3]
		if strings.Count(clock, ":") == 1 {
			clock += ":00"
		}
		for _, year := range words[i+4:] {
			at, err := time.ParseInLocation("Mon Jan 2 15:04:05 2006", strings.Join(append(words[i:i+3:i+3], clock, year), " "), time.Local)
			if err == nil {
				return at, true
			}
		}
	}
	return time.Time{}, false
}
