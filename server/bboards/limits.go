package bboards

import "time"

// Every limit of this package, each with what it stops.
const (
	// maxFile is the largest file of the groups directory that is read, in octets: a
	// name that leads to a log or a device must not fill the memory.
	maxFile = 1 << 20

	// maxName is the longest name of a group, in octets. It must fit an XTND line, and
	// as a file name with an ending behind it, every file system.
	maxName = 64

	// maxLeap is by how much a stamp may exceed the highest number known. Stops one
	// forged stamp from using up the numbers that clients can count to.
	maxLeap = 1_000_000

	// maxNumber is the highest number that is ever given or believed. Stops numbers
	// from wrapping. At a million messages a second it lasts a month.
	maxNumber = 1 << 41

	// maxGone is for how many messages that are in neither file the number is kept, in
	// case they come back. Stops the state from growing for ever.
	maxGone = 100_000

	// maxState is the largest file of state that is read, in octets: four million
	// messages. Stops a damaged file from filling the memory.
	maxState = 256 << 20

	// listWait is how long a listing waits for locks before it tells what was known
	// last. Stops one busy group from holding up the listing of all.
	listWait = 2 * time.Second

	// firstPause and lastPause bound the growing sleep between two attempts at a lock.
	firstPause = 2 * time.Millisecond
	lastPause  = 100 * time.Millisecond

	// batch is how many messages Archive moves before it lets readers and deliveries
	// have their turn.
	batch = 500

	// settled is the age from which on a file's time stamps can be believed: they tick
	// coarsely. A younger file of the groups directory is read again.
	settled = 2 * time.Second

	// maxTold is how many complaints are remembered, so that each is made once.
	maxTold = 1000
)
