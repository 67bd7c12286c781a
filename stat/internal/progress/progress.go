// Package progress counts the work that goroutines have done.
package progress

import "sync"

// Counter adds up work and reports the sum, one call at a time.
type Counter struct {
	lock        sync.Mutex
	report      func(done, total int)
	done, total int
}

// New counts from done on; report nil: nothing is reported.
func New(report func(done, total int), done, total int) *Counter {
	return &Counter{report: report, done: done, total: total}
}

// Add counts more work and reports.
func (c *Counter) Add(count int) {
	if c.report == nil {
		return
	}
	c.lock.Lock()
	defer c.lock.Unlock()
	c.done += count
	c.report(c.done, c.total)
}
