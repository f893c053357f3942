package sasl

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"popper/server/adminfile"
)

// DecoyKey is the secret by which SCRAM makes up salts for users that do not exist. It is
// kept in a file of popper's own, in the state directory, and made when there is none:
// if it changed with each start, a stranger would know from two tries which names do not
// exist. Processes that make it at the same time agree.
func DecoyKey(path string) ([]byte, error) {
	key, err := readKey(path)
	if !errors.Is(err, os.ErrNotExist) {
		return key, err
	}
	if err := makeKey(path); err != nil && !errors.Is(err, os.ErrExist) {
		if errors.Is(err, os.ErrPermission) || errors.Is(err, os.ErrNotExist) {
			err = fmt.Errorf("%w: let the user that popper runs as write to the directory %s", err, filepath.Dir(path))
		}
		return nil, err
	}
	return readKey(path)
}

func readKey(path string) ([]byte, error) {
	key, _, err := adminfile.Read(path, adminfile.Rule{
		Max: keySize, Closed: 0o077, Why: "others can read or write the key in it: chmod go="})
	if err == nil && len(key) != keySize {
		err = fmt.Errorf("%s: it does not hold the %d octets that popper has written; remove it, and popper makes it anew", path, keySize)
	}
	if errors.Is(err, os.ErrPermission) {
		err = fmt.Errorf("%w: it must belong to the user that popper runs as (chown USER %s)", err, path)
	}
	return key, err
}

// makeKey writes a new file and gives it its name when it is complete, if nobody has it.
func makeKey(path string) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	key := make([]byte, keySize)
	rand.Read(key)
	_, err = f.Write(key)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Link(f.Name(), path)
}
