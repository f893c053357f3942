package mbox

import (
	"errors"
	"fmt"
)

// locate finds out how far an interrupted update has come, without changing
// anything: the outputs before p are in their places; the window w, which begins at p
// and may be empty, is in the journal; those behind are whole at their sources. If
// that is not so, the error is errOther. cut: the file has been cut already, all
// outputs must be in their places.
func (s *slide) locate(cut bool) (p int64, w windowRecord, err error) {
	inPlace := func(b []byte, p int64) error { return readFull(s.f, b, p) }
	p, err = s.verify(s.to, s.size, inPlace)
	if err != nil || p == s.size {
		return p, windowRecord{from: p}, err
	}
	if cut {
		return p, w, fmt.Errorf("%w (at offset %d)", errOther, p)
	}
	w, err = s.j.recorded()
	if err != nil {
		return p, w, err
	}
	area := s.j.area()
	inJournal := func(b []byte, p int64) error { return readFull(s.j.f, b, area+p-w.from) }
	if w.from <= p && p < w.from+w.n {
		end, err := s.verify(w.from, w.from+w.n, inJournal)
		if err != nil {
			return p, w, err
		}
		if end == w.from+w.n {
			return w.from, w, s.atSource(end)
		}
	}
	return p, windowRecord{from: p}, s.atSource(p)
}

// atSource makes sure that the outputs from p on are whole at their sources.
func (s *slide) atSource(p int64) error {
	end, err := s.verify(p, s.size, s.read)
	if err == nil && end < s.size {
		err = fmt.Errorf("%w (at offset %d)", errOther, end)
	}
	return err
}

// verify compares chunks with their checksums, from the one that begins at p on, and
// returns where the first one begins that differs, or end.
func (s *slide) verify(p, end int64, read func(b []byte, p int64) error) (int64, error) {
	buf := getBlock(int(s.j.chunk))
	defer putBlock(buf)
	for p < end {
		s.progress()
		b := buf[:min(s.j.chunk, s.size-p)]
		err := read(b, p)
		if errors.Is(err, ErrChanged) {
			return p, nil // the file is too short to have it
		}
		if err != nil {
			return p, err
		}
		if sum64(b) != s.j.sums[(p-s.to)/s.j.chunk] {
			return p, nil
		}
		p += int64(len(b))
	}
	return end, nil
}

// wasCut tells whether the file, now of size octets, has been cut behind the last
// output, by what stands there (see update.go).
func (s *slide) wasCut(size int64) (bool, error) {
	if size == s.size {
		return true, nil
	}
	first, err := octetAt(s.f, s.size)
	if err != nil {
		return false, err
	}
	if s.j.mark == 0 {
		return likeDelivery(first), nil
	}
	_, noted, err := s.j.noted(cutTitle, 0)
	return noted && first != 0, err
}

// checkLeftover makes sure that what is to be cut off is what it was.
func (s *slide) checkLeftover(size int64) error {
	if size < s.j.before {
		return fmt.Errorf("%w (%d octets, not %d)", errOther, size, s.j.before)
	}
	first, err := octetAt(s.f, s.size)
	if err != nil {
		return err
	}
	if first == 0 && s.j.mark != 0 {
		first = s.j.mark
	}
	sum, err := s.j.sumLeftover(s.f, first, s.progress)
	if err == nil && sum != s.j.leftSum {
		err = fmt.Errorf("%w (between offsets %d and %d)", errOther, s.size, s.j.before)
	}
	return err
}

// again writes the octets [from, to) of f as they are.
func (s *slide) again(f file, from, to int64) error {
	buf := getBlock(int(s.j.chunk))
	defer putBlock(buf)
	for from < to {
		s.progress()
		b := buf[:min(s.j.chunk, to-from)]
		if err := readFull(f, b, from); err != nil {
			return err
		}
		if _, err := f.WriteAt(b, from); err != nil {
			return err
		}
		from += int64(len(b))
	}
	return nil
}

// settle makes durable what the update left: the journal under its name, the file,
// and in it the window. All of it is written once more: after an fsync that failed, the
// system may show octets that the disk never got, and no later fsync would tell.
func (s *slide) settle(w windowRecord) error {
	if err := s.again(s.j.f, 0, s.j.area()+w.n); err != nil {
		return err
	}
	if err := s.j.f.Sync(); err != nil {
		return err
	}
	if err := s.again(s.f, s.to, w.from); err != nil {
		return err
	}
	if err := s.j.syncDir(); err != nil {
		return err
	}
	buf := getBlock(int(s.j.chunk))
	defer putBlock(buf)
	area := s.j.area()
	for done := int64(0); done < w.n; {
		b := buf[:min(s.j.chunk, w.n-done)]
		if err := readFull(s.j.f, b, area+done); err != nil {
			return err
		}
		if _, err := s.f.WriteAt(b, w.from+done); err != nil {
			return err
		}
		done += int64(len(b))
	}
	return s.f.Sync()
}
