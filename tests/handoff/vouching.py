"""Tokens of a shop that says who its customers are, and many that are not."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import jwt

from handoff.settings import Settings

SECRET = "a secret of the shop that nobody else knows"
AN = {"sub": "48213", "name": "An Peeters", "email": "An@Klant.example"}
BEA = {"sub": "7", "name": "Bea"}
HOUR = 3600


def signed(claims: dict[str, Any] | None = None, key: str = SECRET, algorithm: str = "HS256", **more: Any) -> str:
    """A token of the shop's; None takes a claim away."""
    said = {"exp": int(time.time()) + 24 * HOUR} | (AN if claims is None else claims) | more
    return jwt.encode({k: v for k, v in said.items() if v is not None}, key, algorithm)


def segment(value: Any) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def by_hand(header: Any, claims: Any, key: str = SECRET) -> str:
    """A token that no library would make, rightly signed."""
    words = f"{segment(header)}.{segment(claims)}"
    return f"{words}.{segment(hmac.new(key.encode(), words.encode(), hashlib.sha256).digest())}"


def settings_with(**more: Any) -> Settings:
    return Settings(_env_file=None, **({"identity_secret": SECRET} | more))


HEADER, SOON = {"alg": "HS256", "typ": "JWT"}, int(time.time()) + 24 * HOUR
GOOD = signed()
FORGED = {
    "another key": signed(key=SECRET + "!"),
    "alg none": f"{segment({'alg': 'none'})}.{segment(AN | {'exp': SOON})}.",
    "alg none, signed": by_hand({"alg": "none"}, AN | {"exp": SOON}),
    "alg None": f"{segment({'alg': 'None'})}.{segment(AN | {'exp': SOON})}.",
    "RS256": by_hand({"alg": "RS256", "typ": "JWT"}, AN | {"exp": SOON}),
    "HS512": signed(key=SECRET * 2, algorithm="HS512"),
    "HS384": signed(key=SECRET * 2, algorithm="HS384"),
    "no alg": by_hand({"typ": "JWT"}, AN | {"exp": SOON}),
    "a list of algs": by_hand({"alg": ["HS256"]}, AN | {"exp": SOON}),
    "its own key": by_hand(HEADER | {"jwk": {"kty": "oct", "k": "eA"}}, AN | {"exp": SOON}, key="x"),
    "critical": by_hand(HEADER | {"crit": ["x"], "x": 1}, AN | {"exp": SOON}),
    "another payload": ".".join([GOOD.split(".")[0], segment(BEA | {"exp": SOON}), GOOD.split(".")[2]]),
    "cut": GOOD[:-2],
    "no signature": ".".join(GOOD.split(".")[:2]),
    "no exp": signed(exp=None),
    "exp null": by_hand(HEADER, AN | {"exp": None}),
    "exp text": by_hand(HEADER, AN | {"exp": "soon"}),
    "exp list": by_hand(HEADER, AN | {"exp": [SOON]}),
    "exp endless": by_hand(HEADER, f'{{"sub": "1", "exp": {"9" * 400}}}'.encode()),
    "exp infinite": by_hand(HEADER, b'{"sub": "1", "exp": 1e999}'),
    "exp in 31 days": signed(exp=int(time.time()) + 31 * 24 * HOUR),
    "no sub": signed(sub=None),
    "sub blank": signed(sub=" \n"),
    "sub number": by_hand(HEADER, AN | {"exp": SOON, "sub": 48213}),
    "sub object": by_hand(HEADER, AN | {"exp": SOON, "sub": {"id": 1}}),
    "sub long": signed(sub="x" * 201),
    "sub NUL": signed(sub="48213\0"),
    "sub surrogate": by_hand(HEADER, b'{"sub": "1\\ud800", "exp": %d}' % SOON),
    "not yet": signed(nbf=int(time.time()) + HOUR),
    "made tomorrow": signed(iat=int(time.time()) + 24 * HOUR),
    "for another": signed(aud="another-service"),
    "name number": signed(name=5),
    "name long": signed(name="x" * 201),
    "no address": signed(email="an.klant.example"),
    "address with words": signed(email="An <an@klant.example>"),
    "address long": signed(email=f"{'a' * 310}@klant.example"),
    "claims no object": by_hand(HEADER, ["48213"]),
    "claims no JSON": by_hand(HEADER, b"{"),
    "header no object": by_hand("HS256", AN | {"exp": SOON}),
    "deep header": f"{segment(b'[' * 2800)}.e30.e30",
    "too long": signed(note="x" * 4096),
    "huge": "a" * 900_000,
    "empty": "",
    "blank": "   ",
    "dots": "..",
    "words": "An Peeters",
    "markup": "<script>alert(1)</script>",
    "emoji": "🎁.🎁.🎁",
    "RTL": "مرحبا.مرحبا.مرحبا",
    "surrogate": "\ud800.a.b",
    "NUL": "\0",
}
