"""Writes goldens_geometry.json beside itself: convolutions, pools and layers that change
the size of an image as PyTorch computes them, in the form that goldens.py describes."""
import torch
import torch.nn.functional as F

from goldens import case, conv, rand, ties, write

torch.manual_seed(5)


def padded(p, value=0.0, **kw):
    """A convolution of an image padded by [top, left, bottom, right]."""
    top, left, bottom, right = p
    return lambda x, weight, bias=None: F.conv2d(F.pad(x, (left, right, top, bottom), value=value), weight, bias, **kw)


def transposed(**kw):
    return lambda x, weight, bias=None: F.conv_transpose2d(x, weight, bias, **kw)


def line(**kw):
    return lambda x, weight, bias=None: F.conv1d(x, weight, bias, **kw)


def layer_cases():
    yield case("conv 1x3", "conv", {"out": 4, "kernel": [1, 3], "pad": [0, 1]}, conv(padding=(0, 1)),
               [rand(2, 3, 4, 5)], weight=rand(4, 3, 1, 3), bias=rand(4))
    yield case("conv 3x2 stride 1x2", "conv", {"out": 3, "kernel": [3, 2], "stride": [1, 2], "pad": [2, 1]},
               conv(stride=(1, 2), padding=(2, 1)), [rand(2, 2, 4, 7)], weight=rand(3, 2, 3, 2), bias=rand(3))
    yield case("conv dilated", "conv", {"out": 3, "kernel": 3, "dilation": 2, "pad": 2}, conv(dilation=2, padding=2),
               [rand(2, 2, 6, 5)], weight=rand(3, 2, 3, 3), bias=rand(3))
    yield case("conv dilated, strided", "conv", {"out": 4, "kernel": [3, 2], "stride": [2, 3], "dilation": [3, 2], "pad": [3, 1], "no_bias": True},
               conv(stride=(2, 3), dilation=(3, 2), padding=(3, 1)), [rand(2, 3, 8, 9)], weight=rand(4, 3, 3, 2))
    yield case("conv uneven", "conv", {"out": 3, "kernel": 3, "stride": 2, "pad": [0, 0, 1, 1]}, padded([0, 0, 1, 1], stride=2),
               [rand(2, 3, 6, 6)], weight=rand(3, 3, 3, 3), bias=rand(3))
    yield case("conv uneven stride 1", "conv", {"out": 9, "kernel": 3, "pad": [2, 0, 1, 3]}, padded([2, 0, 1, 3]),
               [rand(2, 8, 4, 5)], weight=rand(9, 8, 3, 3), bias=rand(9))
    yield case("conv dilated groups", "conv", {"out": 6, "kernel": 3, "dilation": 2, "groups": 2, "pad": [2, 1]},
               conv(dilation=2, groups=2, padding=(2, 1)), [rand(2, 4, 5, 6)], weight=rand(6, 2, 3, 3), bias=rand(6))
    yield case("depthwise 5 stride 2", "depthwise", {"kernel": 5, "stride": 2, "pad": 2}, conv(groups=9, stride=2, padding=2),
               [rand(2, 9, 7, 6)], weight=rand(9, 1, 5, 5), bias=rand(9))
    yield case("depthwise dilated", "depthwise", {"kernel": [3, 5], "dilation": [2, 1], "pad": [2, 2, 1, 2]},
               padded([2, 2, 1, 2], groups=4, dilation=(2, 1)), [rand(2, 4, 5, 6)], weight=rand(4, 1, 3, 5), bias=rand(4))

    yield case("maxpool 3x2", "maxpool", {"kernel": [3, 2], "stride": [2, 1], "pad": [1, 0]},
               lambda x: F.max_pool2d(x, (3, 2), (2, 1), (1, 0)), [ties(2, 2, 6, 5)])
    yield case("maxpool dilated", "maxpool", {"kernel": 3, "stride": 1, "pad": 1, "dilation": [2, 1]},
               lambda x: F.max_pool2d(x, 3, 1, 1, (2, 1)), [ties(2, 9, 6, 5)])
    yield case("maxpool dilated ceil", "maxpool", {"kernel": 2, "stride": [3, 2], "dilation": 2, "ceil": True},
               lambda x: F.max_pool2d(x, 2, (3, 2), 0, 2, ceil_mode=True), [rand(2, 2, 7, 6)])
    yield case("maxpool uneven", "maxpool", {"kernel": 3, "stride": 2, "pad": [0, 0, 1, 1]},
               lambda x: F.max_pool2d(F.pad(x, (0, 1, 0, 1), value=-1e9), 3, 2), [rand(2, 2, 6, 6)])
    yield case("avgpool 1x3", "avgpool", {"kernel": [1, 3], "stride": [1, 2], "pad": [0, 1]},
               lambda x: F.avg_pool2d(x, (1, 3), (1, 2), (0, 1)), [rand(2, 2, 3, 6)])
    yield case("avgpool excluded 2x3", "avgpool", {"kernel": [2, 3], "stride": 2, "pad": 1, "exclude_pad": True},
               lambda x: F.avg_pool2d(x, (2, 3), 2, 1, count_include_pad=False), [rand(2, 2, 5, 6)])
    yield case("avgpool uneven", "avgpool", {"kernel": 2, "stride": 1, "pad": [0, 0, 1, 1]},
               lambda x: F.avg_pool2d(F.pad(x, (0, 1, 0, 1)), 2, 1), [rand(2, 2, 3, 4)])

    for out, h, w in [(1, 3, 4), ([3, 2], 6, 4), ([3, 2], 7, 5), (4, 3, 3), ([5, 6], 5, 6)]:
        yield case("adaptiveavgpool %s of %d×%d" % (out, h, w), "adaptiveavgpool", {"out": out},
                   lambda x: F.adaptive_avg_pool2d(x, out), [rand(2, 3, h, w)])

    yield case("convtranspose", "convtranspose", {"out": 4, "kernel": 3}, transposed(), [rand(2, 3, 4, 3)],
               weight=rand(3, 4, 3, 3), bias=rand(4))
    yield case("convtranspose stride 2", "convtranspose", {"out": 3, "kernel": 4, "stride": 2, "pad": 1},
               transposed(stride=2, padding=1), [rand(2, 4, 3, 4)], weight=rand(4, 3, 4, 4), bias=rand(3))
    yield case("convtranspose output_pad", "convtranspose", {"out": 2, "kernel": 3, "stride": 2, "pad": 1, "output_pad": 1, "no_bias": True},
               transposed(stride=2, padding=1, output_padding=1), [rand(2, 3, 3, 4)], weight=rand(3, 2, 3, 3))
    yield case("convtranspose groups", "convtranspose",
               {"out": 6, "kernel": [2, 3], "stride": [2, 1], "pad": [0, 1], "dilation": [1, 2], "output_pad": [1, 1], "groups": 2},
               transposed(stride=(2, 1), padding=(0, 1), dilation=(1, 2), output_padding=(1, 1), groups=2),
               [rand(2, 4, 3, 4)], weight=rand(4, 3, 2, 3), bias=rand(6))
    yield case("convtranspose gaps", "convtranspose", {"out": 2, "kernel": 2, "stride": 3}, transposed(stride=3),
               [rand(2, 3, 3, 2)], weight=rand(3, 2, 2, 2), bias=rand(2))
    yield case("convtranspose depthwise", "convtranspose", {"out": 5, "kernel": 3, "stride": 2, "groups": 5},
               transposed(stride=2, groups=5), [rand(2, 5, 3, 2)], weight=rand(5, 1, 3, 3), bias=rand(5))
    yield case("convtranspose uneven", "convtranspose", {"out": 2, "kernel": 3, "pad": [0, 1, 2, 0]},
               lambda x, weight, bias: F.conv_transpose2d(x, weight, bias)[:, :, 0:-2, 1:], [rand(2, 3, 4, 4)],
               weight=rand(3, 2, 3, 3), bias=rand(2))

    for mode, corners in [("nearest", None), ("bilinear", False), ("bilinear", True)]:
        args = {"mode": mode, **({"align_corners": True} if corners else {})}
        yield case("upsample %s %s" % (mode, corners), "upsample", {"scale": [2, 3], **args},
                   lambda x: F.interpolate(x, scale_factor=(2, 3), mode=mode, align_corners=corners), [rand(2, 3, 3, 4)])
        for h, w in [(5, 7), (2, 1), (1, 9)]:
            yield case("upsample %s %s to %d×%d" % (mode, corners, h, w), "upsample", {"size": [h, w], **args},
                       lambda x: F.interpolate(x, size=(h, w), mode=mode, align_corners=corners), [rand(1, 2, 3, 4)])
    yield case("pixelshuffle", "pixelshuffle", {"factor": 2}, lambda x: F.pixel_shuffle(x, 2), [rand(2, 12, 3, 2)])
    yield case("pixelshuffle 3", "pixelshuffle", {"factor": 3}, lambda x: F.pixel_shuffle(x, 3), [rand(1, 9, 2, 3)])

    yield case("conv1d", "conv1d", {"out": 4, "kernel": 3, "pad": 1}, line(padding=1), [rand(2, 3, 7)], weight=rand(4, 3, 3), bias=rand(4))
    yield case("conv1d dilated groups", "conv1d", {"out": 6, "kernel": 2, "stride": 2, "dilation": 3, "groups": 2, "no_bias": True},
               line(stride=2, dilation=3, groups=2), [rand(2, 4, 9)], weight=rand(6, 2, 2))
    yield case("conv1d causal", "conv1d", {"out": 2, "kernel": 3, "dilation": 2, "pad": [4, 0]},
               lambda x, weight, bias: F.conv1d(F.pad(x, (4, 0)), weight, bias, dilation=2), [rand(2, 3, 6)], weight=rand(2, 3, 3), bias=rand(2))
    yield case("conv1d depthwise", "conv1d", {"out": 9, "kernel": 5, "pad": 2, "groups": 9}, line(padding=2, groups=9),
               [rand(2, 9, 6)], weight=rand(9, 1, 5), bias=rand(9))
    yield case("maxpool1d", "maxpool1d", {"kernel": 3, "stride": 2, "pad": 1}, lambda x: F.max_pool1d(x, 3, 2, 1), [ties(2, 3, 8)])
    yield case("maxpool1d dilated ceil", "maxpool1d", {"dilation": 2, "ceil": True},
               lambda x: F.max_pool1d(x, 2, 2, 0, 2, ceil_mode=True), [rand(2, 3, 8)])
    yield case("avgpool1d", "avgpool1d", {"kernel": 3, "stride": 2, "pad": 1}, lambda x: F.avg_pool1d(x, 3, 2, 1), [rand(2, 3, 8)])
    yield case("avgpool1d excluded", "avgpool1d", {"kernel": 3, "stride": 2, "pad": 1, "exclude_pad": True, "ceil": True},
               lambda x: F.avg_pool1d(x, 3, 2, 1, True, False), [rand(2, 3, 8)])


if __name__ == "__main__":
    write("goldens_geometry.json", {"layers": list(layer_cases())})
