"""Makes golden.json.gz: images changed by torchvision's transforms of PIL images with given
parameters, and batches mixed by its v2 transforms. Run in this folder:

    pip install torch torchvision "pillow<13" numpy && python golden.py

Made with torchvision 0.29.2, Pillow 12.3.0.
"""

import base64, gzip, json
import numpy as np
import torch
from PIL import Image
from torchvision.transforms import InterpolationMode, RandAugment
from torchvision.transforms import functional as F
from torchvision.transforms.autoaugment import _apply_op
from torchvision.transforms import v2

rng = np.random.default_rng(7)
cases = []


def image(h, w, channels):
    y, x = np.mgrid[0:h, 0:w].astype(float)
    c = np.stack([128 + 100 * np.sin(x / 3 + y / 5), 200 * x / w + 20, 128 + 90 * np.cos(y / 4 - x / 6)], -1)
    c[h // 4:h // 2, w // 4:w // 2] = [240, 30, 60]
    c[h // 2:3 * h // 4, w // 2:] = rng.integers(0, 256, 3)
    c[-h // 5:] = rng.integers(0, 256, c[-h // 5:].shape)
    c = np.clip(c, 0, 255).astype(np.uint8)
    return c if channels == 3 else c[..., 0]


inputs = {"rgb": image(23, 31, 3), "grey": image(18, 14, 1), "square": image(20, 20, 3)}


def encode(a):
    a = np.asarray(a)
    return base64.b64encode(np.ascontiguousarray(a).tobytes()).decode()


def case(name, op, result, *args):
    result = np.asarray(result)
    cases.append({"image": name, "op": op, "args": [float(a) for a in args],
                  "h": result.shape[0], "w": result.shape[1], "pix": encode(result)})


for name, a in inputs.items():
    im = Image.fromarray(a)
    h, w = a.shape[:2]
    for f in (0, 0.1, 0.5, 0.77, 1, 1.3, 2.9):
        case(name, "brightness", F.adjust_brightness(im, f), f)
        case(name, "contrast", F.adjust_contrast(im, f), f)
        case(name, "saturation", F.adjust_saturation(im, f), f)
    for f in (-0.5, -0.21, -0.004, 0, 0.01, 0.33, 0.5):
        case(name, "hue", F.adjust_hue(im, f), f)
    for degrees in (-170, -33.3, -7, 0.4, 12, 45, 91, 135):
        case(name, "rotate", F.rotate(im, degrees), degrees)
        case(name, "bilinear", F.rotate(im, degrees, interpolation=InterpolationMode.BILINEAR), degrees)
    fill = [10, 200, 30] if a.ndim == 3 else 77
    case(name, "filled", F.rotate(im, 20, interpolation=InterpolationMode.BILINEAR, fill=fill), 20)
    for top, left, ch, cw, oh, ow in ((0, 0, h, w, 16, 16), (3, 2, 9, 11, 24, 20), (1, 5, 15, 4, 8, 8), (2, 2, 7, 7, 7, 7)):
        case(name, "resizedcrop", F.resized_crop(im, top, left, ch, cw, [oh, ow]), top, left, ch, cw, oh, ow)
    for top, left in ((0, 0), (8, 3), (4, 4)):
        case(name, "crop", F.crop(F.pad(im, 4, fill=tuple(fill) if a.ndim == 3 else fill), top, left, h, w), top, left)
    case(name, "flip", F.hflip(im))

    policy = RandAugment()
    space = policy._augmentation_space(31, (h, w))
    for op, (magnitudes, signed) in space.items():
        for m in (0, 1, 4, 9, 15, 16, 23, 30) if magnitudes.ndim else (9,):
            v = float(magnitudes[m].item()) if magnitudes.ndim else 0.0
            for s in (1, -1) if signed else (1,):
                case(name, op, _apply_op(im, op, s * v, InterpolationMode.NEAREST, None), m, s)

torch.manual_seed(3)
x, y = torch.rand(4, 3, 6, 5), torch.tensor([1, 0, 2, 2])
mixes = []


def batch(op, x2, weight, **more):
    mixes.append({"op": op, "weight": weight, "x": x.permute(0, 2, 3, 1).flatten().tolist(), "y": y.tolist(),
                  "n": 4, "h": 6, "w": 5, "c": 3, "out": x2.permute(0, 2, 3, 1).flatten().tolist(), **more})


for seed in range(5):
    mix = v2.MixUp(alpha=0.7, num_classes=3)
    torch.manual_seed(seed)
    out, labels = mix(x, y)
    weight = float(labels[0, 1])  # example 0 is of class 1, the one before of class 2
    batch("mixup", out, weight, labels=labels.flatten().tolist())
    cut = v2.CutMix(alpha=1.0, num_classes=3)
    torch.manual_seed(seed)
    params = cut.make_params([x])
    torch.manual_seed(seed)
    out, labels = cut(x, y)
    batch("cutmix", out, params["lam_adjusted"], box=params["box"], labels=labels.flatten().tolist())

images = {n: {"h": a.shape[0], "w": a.shape[1], "c": 1 if a.ndim == 2 else 3, "pix": encode(a)} for n, a in inputs.items()}
with gzip.GzipFile("golden.json.gz", "wb", mtime=0) as f:
    f.write(json.dumps({"images": images, "cases": cases, "mixes": mixes}).encode())
print(len(cases), "cases", len(mixes), "batches")
