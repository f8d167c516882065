"""Markdown as plain text in a mail, and the header that stops such mails in one line."""

import pytest

from handoff.mail import compose
from handoff.models import Mail
from handoff.plain import plain
from handoff.settings import Settings
from kb.models import now

SHOP = "https://lamp.example"


@pytest.mark.parametrize(
    ("markdown", "words"),
    [
        ("", ""),
        ("Gewoon.", "Gewoon."),
        ("Een **foto** en `code`, _nu_.", "Een foto en code, nu."),
        ("Kijk op [je saldo](/saldo).", "Kijk op je saldo (https://lamp.example/saldo)."),
        ("[lamp](https://lamp.example/a) en <https://b.example>", "lamp (https://lamp.example/a) en https://b.example"),
        ("[mail](mailto:a@b.example) of [bel](tel:0101234567)", "mail (a@b.example) of bel (0101234567)"),
        ("[weg](//elders.example/x)", "weg (//elders.example/x)"),
        ("Kop\n\n- een\n- twee\n\nStaart", "Kop\n\n- een\n- twee\n\nStaart"),
        ("3. drie\n4. vier", "3. drie\n4. vier"),
        ("- een\n  - binnen", "- een\n  - binnen"),
        ("regel\nnog  \nharde", "regel nog\nharde"),
        ("```\na  b\n```", "a  b"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("Hé 👋🏽 مرحبا &amp; zo", "Hé 👋🏽 مرحبا & zo"),
    ],
)
def test_no_marks_are_left_and_links_keep_their_address(markdown: str, words: str) -> None:
    assert plain(markdown, SHOP) == words


def test_the_address_that_stops_mails_is_whole_and_only_in_mails_that_can_be_stopped() -> None:
    settings = Settings(_env_file=None, smtp_url="smtp://127.0.0.1", mail_from="hallo@lamp.example")
    url = f"{SHOP}/no-mail/{'a' * 22}.{'b' * 64}.{'c' * 32}"
    about = {"key": "k", "to": "an@klant.example", "language": "nl", "subject": "Ja", "text": "Dag."}
    about |= {"created_at": now()}
    raw = compose(Mail(id=1, stop_url=url, **about), settings).as_bytes().decode()
    assert f"\r\nList-Unsubscribe: <{url}>\r\n" in raw
    assert "\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw
    assert "List-Unsubscribe" not in compose(Mail(id=1, **about), settings).as_bytes().decode()
