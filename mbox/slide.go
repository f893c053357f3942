package mbox

import "fmt"

// slide moves the extents that stay towards the front, by the algorithm in update.go.
type slide struct {
	outputs
	j        *journal
	f        file // the spool file
	progress func()
	touched  bool // an octet of f may have changed
}

func newSlide(f file, j *journal, progress func()) *slide {
	return &slide{outputs: newOutputs(f, j.plan), j: j, f: f, progress: progress}
}

// run makes the outputs from p on durable in their places. Those before p are, and
// the sources of the others are whole. p is to, size, or where a chunk begins.
func (s *slide) run(p int64) error {
	for p < s.size {
		w := s.needsWindow(p)
		if w > 0 {
			if err := s.saveWindow(p, w); err != nil {
				return err
			}
		}
		q := s.reach(p + w)
		if q <= p { // the journal's window is too small: no popper wrote that
			return fmt.Errorf("%w: its window has %d octets", errDamaged, s.j.window)
		}
		if err := s.copy(s.f, p, q, p); err != nil {
			return err
		}
		if err := s.f.Sync(); err != nil {
			return err
		}
		p = q
	}
	return nil
}

// needsWindow is how many outputs from p on are to be journalled: none if a whole
// window, or all that is left, can be written without touching its sources.
func (s *slide) needsWindow(p int64) int64 {
	free := s.shift(p)
	rest := s.size - p - free
	if rest <= 0 || free >= s.j.window {
		return 0
	}
	whole := (rest + s.j.chunk - 1) / s.j.chunk * s.j.chunk
	return min(whole, s.j.window, s.size-p)
}

// windowFor is the window that a slide needs where at most limit octets are
// allowed, a multiple of chunk: the first one is the longest.
func windowFor(o outputs, chunk, limit int64) int64 {
	rest := max(0, o.size-o.to-o.shift(o.to))
	return min((rest+chunk-1)/chunk, max(1, limit/chunk)) * chunk
}

// reach is how far one can write when the outputs before p are journalled: up to the
// source of p, and there to the last place where a chunk begins.
func (s *slide) reach(p int64) int64 {
	if p >= s.size {
		return s.size
	}
	q := p + s.shift(p)
	if q >= s.size {
		return s.size
	}
	return s.to + (q-s.to)/s.j.chunk*s.j.chunk
}

// saveWindow puts the outputs [p, p+n) into the journal.
func (s *slide) saveWindow(p, n int64) error {
	if err := s.copy(s.j.f, p, p+n, s.j.area()); err != nil {
		return err
	}
	return s.j.record(windowRecord{p, n})
}

// copy writes the outputs [p, q), out of their sources, to file f at offset at.
func (s *slide) copy(f file, p, q, at int64) error {
	buf := getBlock(int(s.j.chunk))
	defer putBlock(buf)
	for p < q {
		s.progress()
		b := buf[:min(int64(len(buf)), q-p)]
		if err := s.read(b, p); err != nil {
			return err
		}
		s.touched = s.touched || f == s.f
		if _, err := f.WriteAt(b, at); err != nil {
			return err
		}
		p, at = p+int64(len(b)), at+int64(len(b))
	}
	return nil
}

// finish cuts the file behind the last output and takes the journal away.
func (s *slide) finish() error {
	s.touched = true
	if s.j.mark != 0 {
		if _, err := s.f.WriteAt([]byte{0}, s.size); err != nil {
			return err
		}
		if err := s.f.Sync(); err != nil {
			return err
		}
		if err := s.j.note(cutTitle); err != nil {
			return err
		}
	}
	if err := s.f.Truncate(s.size); err != nil {
		return err
	}
	if err := s.f.Sync(); err != nil {
		return err
	}
	return s.j.remove()
}
