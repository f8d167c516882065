"""Who the customer is: only what the shop signed counts, and what is wrong in any way is refused."""

import re
import subprocess
import sys
import time
from typing import Any

import pytest
from pydantic import ValidationError

from handoff import identity
from handoff.identity import IdentityBad, IdentityExpired, IdentityOff, Vouched
from handoff.settings import ROOT

from .vouching import AN, FORGED, GOOD, HEADER, HOUR, SECRET, SOON, by_hand, settings_with, signed


@pytest.mark.parametrize("why", FORGED)
def test_what_the_shop_did_not_sign_is_refused(why: str) -> None:
    with pytest.raises(IdentityBad) as refused:
        identity.verified(settings_with(), FORGED[why])
    assert (refused.value.status, refused.value.more) == (401, {"code": "identity_bad"})
    assert refused.value.__cause__ is None


def test_one_that_is_over_says_so_and_a_clock_may_differ_a_little() -> None:
    with pytest.raises(IdentityExpired):
        identity.verified(settings_with(), signed(exp=int(time.time()) - 60))
    assert identity.verified(settings_with(), signed(exp=int(time.time()) - 10)).ref == "48213"
    assert identity.verified(settings_with(), signed(iat=int(time.time()) + 10)).ref == "48213"
    with pytest.raises(IdentityBad):  # nobody learns when a forged one would have been over
        identity.verified(settings_with(), signed(key=SECRET + "!", exp=int(time.time()) - 60))


@pytest.mark.parametrize(
    ("claims", "who"),
    [
        (AN, Vouched("48213", "An Peeters", "an@klant.example")),
        ({"sub": "x" * 200}, Vouched("x" * 200)),
        ({"sub": "klant 🎁 مرحبا", "name": " مرحبا 🎁 "}, Vouched("klant 🎁 مرحبا", "مرحبا 🎁")),
        ({"sub": "1", "name": "", "email": " "}, Vouched("1")),
        ({"sub": "1", "name": "A\0n"}, Vouched("1", "An")),
        ({"sub": "1", "role": "admin", "iss": "shop", "iat": 1}, Vouched("1")),
        ({"sub": "1", "exp": int(time.time()) + 30 * 24 * HOUR}, Vouched("1")),
    ],
)
def test_what_the_shop_says_is_taken(claims: dict[str, Any], who: Vouched) -> None:
    assert identity.verified(settings_with(), signed(claims)) == who


def test_without_a_secret_every_token_is_refused() -> None:
    for token in (GOOD, by_hand(HEADER, AN | {"exp": SOON}, key=""), FORGED["alg none"]):
        with pytest.raises(IdentityOff):
            identity.verified(settings_with(identity_secret=""), token)


@pytest.mark.parametrize(
    "wrong",
    [{"identity_secret": "x" * 31}, {"identity_secret": " " * 40}, {"identity_secret": "", "identity_required": True}],
)
def test_settings_that_could_not_keep_it_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        settings_with(**wrong)
    assert "x" * 31 not in str(refused.value)
    assert SECRET not in repr(settings_with())


@pytest.mark.parametrize("command", [[sys.executable, "-c"], ["node", "-e"]])
def test_the_examples_in_the_docs_make_a_token_that_is_taken(command: list[str]) -> None:
    page = (ROOT / "docs/identity.md").read_text(encoding="utf-8")
    found = re.search(r"```%s\n(.+?)```" % ("js" if command[0] == "node" else "python"), page, re.DOTALL)
    assert found
    try:
        done = subprocess.run([*command, found[1]], capture_output=True, text=True, env={"IDENTITY_SECRET": SECRET})
    except FileNotFoundError:
        if command[0] != "node":
            raise
        return  # no part of the project: who reads the page has it
    assert done.returncode == 0, done.stderr
    assert identity.verified(settings_with(), done.stdout.strip()) == Vouched("48213", "An Peeters", "an@klant.example")
