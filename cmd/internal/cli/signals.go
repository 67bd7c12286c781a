package cli

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Signals returns a context that ends with Ctrl-C or SIGTERM. A second signal kills the
// process as usual if it comes at least a second later; before that it counts as the same
// signal, because some programs pass on a signal that the terminal has sent as well.
func Signals() (context.Context, func()) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, func() { time.AfterFunc(time.Second, stop) })
	return ctx, stop
}
