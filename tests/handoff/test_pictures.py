"""What is kept of a picture: its pixels, upright and of a bounded size, and nothing else."""

from io import BytesIO

import pytest
from PIL import Image

from handoff.files import MAX_FILE, Unfit, check, tidy_name
from handoff.pictures import LONG_SIDE, NoPicture, made_anew

from .pictures import PDF, PLACE, from_a_camera, gif_of, noise, picture, png_of, webp_of

READ = ("JPEG", "PNG", "WEBP", "GIF")


def opened(content: bytes) -> Image.Image:
    image = Image.open(BytesIO(content))
    image.load()
    return image


def is_red(image: Image.Image, x: int, y: int) -> bool:
    red, _, blue = image.convert("RGB").getpixel((x, y))  # type: ignore[misc]
    return bool(red > 150 and blue < 100)


@pytest.mark.parametrize("kind", READ)
def test_a_picture_is_known_by_its_content_whatever_it_is_called(kind: str) -> None:
    kept = check("vakantie.exe", picture(kind))
    assert kept.media_type in ("image/jpeg", "image/png", "image/webp")
    assert opened(kept.content).get_format_mimetype() == kept.media_type
    assert (kept.width, kept.height) == (60, 40)
    assert kept.name == "vakantie" + {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp"}[kept.media_type]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_place_maker_comment_and_profile_are_gone(kind: str) -> None:
    came = from_a_camera(kind)
    before = opened(came)
    assert before.getexif().get_ifd(0x8825)[1] == "N"  # it does hold the place
    assert PLACE.encode() in came
    kept = check("foto.jpg", came).content
    after = opened(kept)
    assert len(after.getexif()) == 0
    assert not {"exif", "icc_profile", "comment", "xmp", "Comment"} & set(after.info)
    for mark in (PLACE.encode(), b"Exif", b"Lantaarn Camera", b"acsp", b"ICC_PROFILE", b"2026:11:22", b"http://ns."):
        assert mark not in kept
    for chunk in (b"eXIf", b"iCCP", b"tEXt", b"iTXt", b"zTXt", b"EXIF", b"ICCP", b"XMP "):
        assert chunk not in kept


@pytest.mark.parametrize(
    ("held", "size", "red"),
    [
        (1, (60, 40), (5, 20)),
        (3, (60, 40), (55, 20)),
        (6, (40, 60), (20, 5)),
        (8, (40, 60), (20, 55)),
        (99, (60, 40), (5, 20)),
    ],
)
def test_it_stands_upright_as_the_camera_was_held(held: int, size: tuple[int, int], red: tuple[int, int]) -> None:
    kept = check("a.jpg", from_a_camera("JPEG", held))
    assert (kept.width, kept.height) == size
    assert opened(kept.content).size == size
    assert is_red(opened(kept.content), *red)


def test_a_large_one_is_made_smaller_and_a_small_one_stays() -> None:
    large = check("a.jpg", picture("JPEG", (5000, 3000)))
    assert (large.width, large.height) == (LONG_SIDE, 1536)
    assert check("a.png", picture("PNG", (LONG_SIDE, 10))).width == LONG_SIDE
    assert check("a.png", picture("PNG", (1, 1))).height == 1


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK"])
def test_every_kind_of_pixel_arrives(mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    kept = opened(check("a", picture(kind, mode=mode)).content)
    assert kept.size == (60, 40)
    assert kept.mode in ("L", "RGB")


def test_what_is_clear_stays_clear_and_sixteen_bits_are_scaled() -> None:
    image = Image.new("RGBA", (10, 10), (255, 0, 0, 0))
    out = BytesIO()
    image.save(out, "PNG")
    assert opened(check("a.png", out.getvalue()).content).getpixel((5, 5))[3] == 0  # type: ignore[index]
    deep, out = Image.new("I;16", (10, 10), 0x8000), BytesIO()
    deep.save(out, "PNG")
    assert opened(check("a.png", out.getvalue()).content).getpixel((5, 5)) in (127, 128)


def test_a_moving_picture_stands_still() -> None:
    frames = [Image.new("RGB", (30, 20), colour) for colour in ("red", "green", "blue")]
    out = BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], comment=PLACE.encode())
    kept = check("lach.gif", out.getvalue())
    assert (kept.name, kept.media_type) == ("lach.png", "image/png")
    assert getattr(opened(kept.content), "n_frames", 1) == 1
    assert PLACE.encode() not in kept.content


@pytest.mark.parametrize(
    "bomb", [png_of(60_000, 60_000), png_of(7_100, 7_100), gif_of(65_000, 65_000), webp_of(16_000, 16_000)]
)
def test_a_bomb_is_refused_before_it_goes_off(bomb: bytes) -> None:
    assert len(bomb) < 100_000
    with pytest.raises(Unfit) as refused:
        check("foto.png", bomb)
    assert refused.value.why == "pixels"


@pytest.mark.parametrize("kind", READ)
def test_half_a_picture_is_refused(kind: str) -> None:
    whole = noise(kind, (200, 200))
    with pytest.raises(Unfit) as refused:
        check("a", whole[: len(whole) // 2])
    assert refused.value.why == "broken"


def test_what_cannot_be_kept_small_becomes_a_jpeg() -> None:
    kept = made_anew(noise("PNG", (300, 300)), 150_000)
    assert kept.media_type == "image/jpeg"
    assert len(kept.content) < 150_000


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP"])
def test_what_was_put_behind_a_picture_stays_behind(kind: str) -> None:
    evil = b"<html><script>alert(1)</script>PK\x03\x04 %PDF-1.7 %%EOF"
    kept = check("foto.html", picture(kind) + evil)
    assert b"script" not in kept.content
    assert b"PK\x03\x04" not in kept.content
    assert not kept.name.endswith(".html")


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("leeg.jpg", b"", "empty"),
        ("teken.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "kind"),
        ("foto.jpg", b"<!doctype html><script>alert(1)</script>", "kind"),
        ("foto.png", b"<html>%PDF-1.7 %%EOF", "kind"),
        ("a.pdf", b"  %PDF-1.7\n%%EOF", "kind"),
        ("a.zip", b"PK\x03\x04" + b"\0" * 100, "kind"),
        ("a.bmp", b"BM" + b"\0" * 100, "kind"),
        ("a.heic", b"\0\0\0\x18ftypheic" + b"\0" * 100, "kind"),
        ("a.tiff", b"II*\0" + b"\0" * 100, "kind"),
        ("foto.jpg", "geen foto maar woorden 🤷".encode(), "kind"),
        ("foto.jpg", b"\xff\xd8\xff", "broken"),
        ("foto.png", b"\x89PNG\r\n\x1a\n", "broken"),
        ("foto.webp", b"RIFF\0\0\0\0WEBP", "broken"),
        ("a.pdf", b"%PDF-1.7 and then it was cut", "broken"),
        ("a.pdf", PDF + b"\0" * MAX_FILE, "too_large"),
    ],
)
def test_everything_else_is_refused(name: str, data: bytes, why: str) -> None:
    with pytest.raises(Unfit) as refused:
        check(name, data)
    assert refused.value.why == why


def test_a_pdf_is_kept_as_it_is() -> None:
    kept = check("bon.jpg", PDF)
    assert (kept.name, kept.media_type, kept.content, kept.is_photo) == ("bon.pdf", "application/pdf", PDF, False)


def test_a_broken_camera_note_does_not_cost_the_picture() -> None:
    came = bytearray(from_a_camera("JPEG"))
    at = came.index(b"Exif\0\0")
    came[at + 6 : at + 20] = b"\xff" * 14
    assert check("a.jpg", bytes(came)).width == 60


@pytest.mark.parametrize(
    ("name", "tidied"),
    [
        ("foto.jpg", "foto.jpg"),
        ("C:\\Users\\noor\\IMG_1.JPEG", "IMG_1.jpg"),
        ("../../etc/passwd", "passwd.jpg"),
        ("\u202egpj.exe", "gpj.jpg"),
        ("a\x00b\r\nSet-Cookie: x.jpg", "abSet-Cookie x.jpg"),
        ('"><img src=x>.png', "img src=x.jpg"),
        ("صورة.png", "صورة.jpg"),
        ("📷 mijn lamp.heic", "📷 mijn lamp.jpg"),
        ("v1.2 eindversie", "v1.2 eindversie.jpg"),
        ("x" * 500 + ".jpg", "x" * 96 + ".jpg"),
        ("...", ""),
        ("", ""),
    ],
)
def test_names_are_tidied(name: str, tidied: str) -> None:
    assert tidy_name(name, "image/jpeg") == tidied


def test_what_is_no_picture_says_so() -> None:
    with pytest.raises(NoPicture, match="broken"):
        made_anew(b"\xff\xd8\xff\xe0nothing", 1000)
