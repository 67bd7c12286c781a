package cli

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Signals returns a context that ends with Ctrl-C or SIGTERM. Another signal a second
// later kills the process as usual; until then it is taken for the same one, because
// some programs pass on a signal that the terminal has sent as well.
func Signals() (context.Context, func()) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, func() { time.AfterFunc(time.Second, stop) })
	return ctx, stop
}
