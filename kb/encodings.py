"""Bytes of a file as text, where it is certain what they mean."""

import codecs
import re

from kb.errors import Invalid

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_XML = re.compile(rb"""<\?xml\b[^>]{0,200}?\bencoding\s*=\s*["']([-\w]{1,40})""", re.I)
_META = re.compile(rb"""<meta\b[^>]{0,300}?\bcharset\s*=\s*["']?\s*([-\w]{1,40})""", re.I)
# The web reads all of these as Windows-1252.
_WESTERN = {"iso-8859-1", "latin1", "latin-1", "us-ascii", "ascii", "windows-1252", "cp1252"}
_DECLARED = {"utf-8", "utf8", "iso-8859-15", *_WESTERN}
# What Windows-1252 is recognised by: letters and signs that Dutch, English, French and German texts are full of.
_USUAL = frozenset("ÀÁÂÄÇÈÉÊËÍÎÏÑÓÔÖÙÚÛÜßàáâäçèéêëíîïñóôöùúûüœŒ€‘’“”„–—…•·°©®™½¼²×«»£§\xa0´ª")


def text_of(content: bytes, format: str) -> tuple[str, str]:
    """The text of a file and the name of its encoding. `format` is yaml, jsonl, csv or html.

    UTF-8, and UTF-16 with or without its mark. A web page in the encoding that it names. A table or a page that is
    neither is Windows-1252, as Excel saves it, if every letter then is one that is usual in our languages.
    Invalid where it cannot be told for certain: a wrong guess would end in an answer.
    """
    for mark, name in _BOMS:
        if content.startswith(mark):
            return _decoded(content, name), "utf-8" if name == "utf-8-sig" else name
    if name := _without_mark(content):
        return _decoded(content, name), "utf-16"
    declared = _declared(content) if format == "html" else ""
    if declared and declared not in _WESTERN:
        return _decoded(content, declared), declared
    try:
        return content.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        if format in ("csv", "html") and (text := _western(content, sure=bool(declared))) is not None:
            return text, "windows-1252"
    raise Invalid("the file is not UTF-8 text, and it cannot be told for certain what it is; save it as UTF-8")


def _decoded(content: bytes, name: str) -> str:
    try:
        return content.decode(name)
    except UnicodeDecodeError:
        said = name.upper().removesuffix("-SIG")
        raise Invalid(f"the file says that it is {said}, and is not; save it as UTF-8") from None


def _without_mark(content: bytes) -> str:
    """UTF-16 of our languages has a NUL in nearly every second byte, and UTF-8 has none at all."""
    start = content[:4000]
    if len(start) < 4 or start.count(0) < len(start) // 3:
        return ""
    return "utf-16-le" if start[1::2].count(0) > start[::2].count(0) else "utf-16-be"


def _declared(content: bytes) -> str:
    head = content[:4096]
    found = _META.search(head) or _XML.search(head)
    name = found[1].decode("ascii").lower() if found else ""
    return name if name in _DECLARED else ""


def _western(content: bytes, *, sure: bool) -> str | None:
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError:
        return None
    return text if sure or all(letter in _USUAL for letter in text if letter > "\x7f") else None
