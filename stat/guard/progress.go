package guard

import "sync"

// teller adds up what goroutines have done and tells one at a time.
type teller struct {
	lock        sync.Mutex
	tell        func(done, total int)
	done, total int
}

func newTeller(tell func(done, total int), total int) *teller {
	return &teller{tell: tell, total: total}
}

func (t *teller) add(count int) {
	if t.tell == nil {
		return
	}
	t.lock.Lock()
	defer t.lock.Unlock()
	t.done += count
	t.tell(t.done, t.total)
}
