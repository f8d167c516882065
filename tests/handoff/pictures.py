"""Pictures and other files for the tests, made as they are needed: none is kept beside them."""

import struct
import zlib
from io import BytesIO
from random import Random
from typing import Any

from PIL import Image, PngImagePlugin

PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
PLACE = "Prinsengracht 263"  # what a camera's data may say, and must not arrive


def picture(kind: str = "JPEG", size: tuple[int, int] = (60, 40), mode: str = "RGB", **how: Any) -> bytes:
    """A picture whose left half is red and whose right half is blue."""
    image = Image.new("RGB", size, (220, 20, 20))
    image.paste((20, 20, 220), (size[0] // 2, 0, *size))
    out = BytesIO()
    image.convert(mode).save(out, kind, **how)
    return out.getvalue()


def from_a_camera(kind: str = "JPEG", orientation: int = 1, size: tuple[int, int] = (60, 40)) -> bytes:
    """A picture with everything that a camera writes: place, maker, comment, colour profile."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = PLACE
    exif[0x010F] = "Lantaarn Camera"
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2], gps[3], gps[4] = "N", (52.0, 22.0, 30.5), "E", (4.0, 53.0, 2.7)
    gps[29] = "2026:11:22"
    how: dict[str, Any] = {"exif": exif, "icc_profile": b"acsp" + PLACE.encode() * 3}
    if kind == "JPEG":
        how["comment"] = PLACE.encode()
    if kind == "PNG":
        texts = PngImagePlugin.PngInfo()
        texts.add_text("Comment", PLACE, zip=False)
        texts.add_itxt("XML:com.adobe.xmp", f"<x>{PLACE}</x>")
        how["pnginfo"] = texts
    if kind == "WEBP":
        how["xmp"] = PLACE.encode()
    return picture(kind, size, **how)


def noise(kind: str = "PNG", size: tuple[int, int] = (64, 64)) -> bytes:
    """A picture that no format makes small."""
    out = BytesIO()
    Image.frombytes("RGB", size, Random(1).randbytes(size[0] * size[1] * 3)).save(out, kind)
    return out.getvalue()


def png_of(width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes that says it is so large; its pixels are one long run of nothing."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = zlib.compress(b"\0" * 100_000, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def gif_of(width: int, height: int) -> bytes:
    """A GIF that says it is so large."""
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0, 0, 0) + b"," + b"\0" * 9 + b"\x02\x02\x4c\x01\0;"


def webp_of(width: int, height: int) -> bytes:
    """A WebP that says it is so large."""
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"VP8X" + struct.pack("<I", 10) + b"\0\0\0\0" + size + b"VP8L" + struct.pack("<I", 0)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body
