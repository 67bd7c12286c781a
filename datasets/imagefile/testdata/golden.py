"""Makes the image files of testdata/images and golden.json.gz, their pixels as Pillow
reads them and torchvision resizes them. Run in this folder:

    pip install torch torchvision "pillow<13" numpy && python golden.py

Made with Pillow 12.3.0 (libjpeg-turbo, libwebp 1.6.0), torchvision 0.29.2. Pillow 13
resizes some images in height first, which changes values by 1.
"""

import base64, gzip, json, struct, zlib
import numpy as np
from PIL import Image, ImageOps
from torchvision import transforms
from torchvision.transforms import InterpolationMode

H, W = 43, 61
rng = np.random.default_rng(1)
y, x = np.mgrid[0:H, 0:W].astype(float)
colour = np.stack([128 + 100 * np.sin(x / 7 + y / 11), 255 * x / W, 128 + 127 * np.cos(y / 5 - x / 9)], -1)
colour[10:20, 15:30] = [250, 20, 30]
colour[25:38, 35:52] = rng.integers(0, 256, (13, 17, 3))
rgb = np.clip(colour, 0, 255).astype(np.uint8)
grey = rgb[..., 1] // 2 + rgb[..., 2] // 2
alpha = np.clip(255 * (x + y) / (H + W) * 1.2 - 20, 0, 255).astype(np.uint8)
cases = []


def expected(name, note="", back=0, mode="RGB"):
    """The pixels of a file by Pillow."""
    im = ImageOps.exif_transpose(Image.open("images/" + name))
    if im.has_transparency_data:
        im = im.convert("RGBA")
        under = Image.new("RGB", im.size, (back,) * 3)
        under.paste(im.convert("RGB"), mask=im.getchannel("A"))
        im = under
    return np.asarray(im.convert(mode))


def case(name, pixels, **options):
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    cases.append({"file": name, "h": pixels.shape[0], "w": pixels.shape[1], "c": pixels.shape[2],
                  "pix": base64.b64encode(np.ascontiguousarray(pixels).tobytes()).decode(), **options})


def save(name, im, **k):
    im.save("images/" + name, **k)
    case(name, expected(name))


def png(name, kind, bits, data):
    """Writes a PNG of rows of bytes, of the kinds that Pillow does not write."""
    chunk = lambda t, d: struct.pack(">I", len(d)) + t + d + struct.pack(">I", zlib.crc32(t + d))
    raw = b"".join(b"\0" + row.tobytes() for row in data)
    with open("images/" + name, "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", W, H, bits, kind, 0, 0, 0))
                + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))


im, g = Image.fromarray(rgb), Image.fromarray(grey)
rgba = Image.fromarray(np.dstack([rgb, alpha]))
save("rgb.png", im)
save("grey.png", g)
save("bilevel.png", g.convert("1"))
save("rgba.png", rgba)
save("greyalpha.png", rgba.convert("LA"))
save("palette.png", im.quantize(50))
save("palette16.png", im.quantize(13), bits=4)
save("transparent.png", im.quantize(50), transparency=3)
case("rgba.png", expected("rgba.png", back=255), background=255)
case("rgba.png", expected("rgba.png", mode="L"), channels=1)

# 16 bits: rounded, not cut off.
wide = np.minimum(np.stack([rgb[..., k].astype(int) * 257 + rng.integers(-120, 400, (H, W)) for k in range(3)], -1).clip(0), 65535)
rounded = ((wide + 128) // 257).astype(np.uint8)
png("grey16.png", 0, 16, wide[..., 0].astype(">u2"))
case("grey16.png", rounded[..., 0], channels=1)
png("rgb16.png", 2, 16, wide.astype(">u2"))
case("rgb16.png", rounded)

for name, k in {"444": dict(subsampling="4:4:4"), "422": dict(subsampling="4:2:2"), "420": dict(subsampling="4:2:0"),
                "progressive": dict(progressive=True, subsampling="4:2:0")}.items():
    save(f"{name}.jpg", im, quality=90, **k)
save("grey.jpg", g, quality=90)
save("cmyk.jpg", im.convert("CMYK"), quality=90)
case("420.jpg", expected("420.jpg", mode="L"), channels=1)
save("tiny.jpg", im.crop((12, 8, 16, 13)), quality=90, subsampling="4:2:0")

for o in range(1, 9):
    exif = Image.Exif()
    exif[0x0112] = o
    save(f"orientation{o}.jpg", im.resize((31, 21)), quality=90, exif=exif)
exif[0x0112] = 6
save("orientation6.png", im, exif=exif)
exif[0x0112] = 5
save("orientation5.webp", im, exif=exif, lossless=True)

save("first.gif", im.quantize(64), save_all=True, append_images=[g.quantize(64)])
save("transparent.gif", im.quantize(64), transparency=5)
save("grey.gif", g)
save("lossless.webp", im, lossless=True)
save("lossless_alpha.webp", rgba, lossless=True, exact=True)
save("lossy.webp", im, quality=80)
save("lossy_even.webp", im.crop((0, 0, 60, 42)), quality=80)
save("lossy_alpha.webp", rgba, quality=80)
save("rgb.bmp", im)
save("grey.bmp", g)
save("palette.bmp", im.quantize(200))
save("rgba.bmp", rgba.convert("RGB"))

for name in ("rgb.png", "grey.png", "orientation6.png", "lossless.webp"):
    mode, channels = ("L", 1) if name.startswith("grey") else ("RGB", 3)
    pil = Image.fromarray(expected(name, mode=mode))
    for h, w in ((17, 29), (100, 90), (43, 20), (9, 61), (1, 1), (80, 12)):
        case(name, np.asarray(pil.resize((w, h), Image.BILINEAR)), height=h, width=w, channels=channels)
    for s in (7, 24, 43, 77):
        resized = transforms.Resize(s, interpolation=InterpolationMode.BILINEAR)(pil)
        case(name, np.asarray(resized), shorter=s, channels=channels)
        for h, w in ((5, 7), (24, 24), (80, 91)):
            case(name, np.asarray(transforms.CenterCrop((h, w))(resized)), shorter=s, height=h, width=w, channels=channels)

with gzip.GzipFile("golden.json.gz", "wb", mtime=0) as f:
    f.write(json.dumps(cases).encode())
print(len(cases), "cases")
