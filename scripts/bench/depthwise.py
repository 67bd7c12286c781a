"""Times PyTorch on the depthwise convolutions of `go test ./internal/kernel/conv -bench Zoo`:
least processor time of one thread, channels last, batch 1, in milliseconds."""

import time

import torch
import torch.nn.functional as F

SHAPES = [  # name, size, channels, kernel, stride, dilation
    ("96@112s2", 112, 96, 3, 2, 1),
    ("144@56", 56, 144, 3, 1, 1),
    ("144@56,5x5s2", 56, 144, 5, 2, 1),
    ("672@14,5x5", 14, 672, 5, 1, 1),
    ("960@7,5x5", 7, 960, 5, 1, 1),
    ("96@56,7x7", 56, 96, 7, 1, 1),
    ("672@14,dilated", 14, 672, 5, 1, 2),
]


def least(f, repeats):
    f()
    best = float("inf")
    for _ in range(repeats):
        start = time.thread_time_ns()
        f()
        best = min(best, time.thread_time_ns() - start)
    return best / 1e6


def main():
    torch.set_num_threads(1)
    for name, size, c, k, stride, dilation in SHAPES:
        x = torch.randn(1, c, size, size).to(memory_format=torch.channels_last)
        w = torch.randn(c, 1, k, k).to(memory_format=torch.channels_last)
        pad = (k - 1) * dilation // 2
        with torch.no_grad():
            forward = lambda: F.conv2d(x, w, None, stride, pad, dilation, c)
            dy = torch.randn_like(forward())

            def backward(mask):
                torch.ops.aten.convolution_backward(
                    dy, x, w, None, [stride] * 2, [pad] * 2, [dilation] * 2, False, [0, 0], c, mask)

            print(f"{name:16s} y {least(forward, 150):.3f}"
                  f"  dx {least(lambda: backward([True, False, False]), 20):.3f}"
                  f"  dw {least(lambda: backward([False, True, False]), 20):.3f}", flush=True)


if __name__ == "__main__":
    main()
