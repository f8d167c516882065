"""Photos as they come from cameras and clipboards, made anew: upright, of a bounded size, without what hides in them.

Only the pixels go on. Place and time, thumbnails, comments, colour profiles, and whatever was put behind the picture
so that it is another kind of file as well, stay behind with the bytes that came in.
"""

import warnings
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageOps

MAX_PIXELS = 50_000_000  # of what comes in: the largest that a phone takes in one go
LONG_SIDE = 2560  # pixels of what is kept
READ = ("JPEG", "PNG", "WEBP", "GIF")
# What a picture becomes. A moving one stands still at its first frame, and is then no GIF any more.
KEPT_AS = {"JPEG": "JPEG", "MPO": "JPEG", "PNG": "PNG", "WEBP": "WEBP", "GIF": "PNG"}
MEDIA_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
HOW: dict[str, dict[str, object]] = {
    "JPEG": {"quality": 85, "optimize": True, "progressive": True},
    "PNG": {},
    "WEBP": {"quality": 85, "method": 4},
}

Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)  # a refusal, not a line in the log


class NoPicture(Exception):
    """The bytes are a picture that cannot be taken: `why` is broken or pixels."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True)
class Picture:
    """A picture made anew, with its size in pixels."""

    media_type: str
    content: bytes
    width: int
    height: int


def is_picture(data: bytes) -> bool:
    """Whether the bytes begin as a picture that is read here, whatever the file is called."""
    if data[:4] == b"RIFF":
        return data[8:12] == b"WEBP"
    return data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a"))


def made_anew(data: bytes, most: int) -> Picture:
    """The picture in `data`, upright, at most `LONG_SIDE` pixels long and `most` bytes, pixels alone.

    NoPicture where it has more than `MAX_PIXELS`, which is seen before it is decoded, or cannot be read to its end.
    Slow beside a database: do it outside a transaction, and few at once, for each may take hundreds of megabytes.
    """
    if _webp_pixels(data) > MAX_PIXELS:  # Pillow makes room for a whole WebP before it tells how large it is
        raise NoPicture("pixels")
    try:
        with Image.open(BytesIO(data), formats=READ) as image:
            if image.width * image.height > MAX_PIXELS:
                raise NoPicture("pixels")
            kept_as = KEPT_AS[image.format or ""]
            image.draft("RGB", (LONG_SIDE, LONG_SIDE))  # a large JPEG is decoded at a half or a quarter at once
            return _saved(_only_pixels(image, kept_as), kept_as, most)
    except NoPicture:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise NoPicture("pixels") from None
    except Exception as error:  # a broken file fails in Pillow in more ways than it names
        raise NoPicture("broken") from error


def _only_pixels(image: Image.Image, kept_as: str) -> Image.Image:
    """A new picture of the same pixels, turned as the camera was held; nothing else of `image` is in it."""
    image.load()
    plain = _plain(image, kept_as)
    plain.thumbnail((LONG_SIDE, LONG_SIDE))
    turned = ImageOps.exif_transpose(_with_exif(plain, image))
    fresh = Image.new(turned.mode, turned.size)
    fresh.paste(turned)
    return fresh


def _plain(image: Image.Image, kept_as: str) -> Image.Image:
    """The pixels as RGB, as grey, or as RGB with transparency."""
    if image.mode.startswith("I"):  # 16 bits a pixel: converting would cut off, not scale
        image = image.point(lambda value: value * (1 / 256)).convert("L")
    clear = kept_as != "JPEG" and (image.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in image.info)
    return image.convert("RGBA" if clear else "L" if image.mode in ("1", "L") else "RGB")


def _with_exif(plain: Image.Image, image: Image.Image) -> Image.Image:
    """`plain` that knows how the camera was held; nothing, where that cannot be read."""
    try:
        held = image.getexif().get(0x0112)
    except Exception:  # what a camera wrote is broken more often than the picture itself
        held = None
    plain.info.clear()
    plain.getexif().clear()
    if isinstance(held, int) and 1 <= held <= 8:
        plain.getexif()[0x0112] = held
    return plain


def _saved(image: Image.Image, kept_as: str, most: int) -> Picture:
    """The picture in a file; one that were too large without loss becomes a JPEG on white."""
    content = _encoded(image, kept_as)
    if len(content) > most:
        white = Image.new("RGB", image.size, "white")
        white.paste(image, mask=image.getchannel("A") if image.mode == "RGBA" else None)
        image, kept_as = white, "JPEG"
        content = _encoded(image, kept_as)
    return Picture(MEDIA_TYPES[kept_as], content, *image.size)


def _encoded(image: Image.Image, kept_as: str) -> bytes:
    out = BytesIO()
    image.save(out, kept_as, **HOW[kept_as])
    return out.getvalue()


def _webp_pixels(data: bytes) -> int:
    """The pixels that a WebP says it has; 0 for anything else."""
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP" or len(data) < 30:
        return 0
    if data[12:16] == b"VP8X":
        return (1 + int.from_bytes(data[24:27], "little")) * (1 + int.from_bytes(data[27:30], "little"))
    if data[12:16] == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (1 + (bits & 0x3FFF)) * (1 + (bits >> 14 & 0x3FFF))
    return (int.from_bytes(data[26:28], "little") & 0x3FFF) * (int.from_bytes(data[28:30], "little") & 0x3FFF)
