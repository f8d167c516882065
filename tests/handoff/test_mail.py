"""A mail as it is written and handed in, against real SMTP servers: encrypted, signed in, refused, slow, gone."""

import email
import re
import ssl
import threading
import time
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from handoff.mail import address, as_html, can_mail, compose
from handoff.models import Mail
from handoff.problems import Invalid
from handoff.settings import Settings
from handoff.smtp import Line, NotSent, Server, parsed

from .postoffice import certificate, closed_counter, free_port, lets_in, open_office

SETTINGS = Settings(_env_file=None, smtp_url="smtp://127.0.0.1", mail_from="hallo@lamp.example", shop_name="Lantaarn")
AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
ODD = "Hé 👋🏽, <b>vet</b> & \"zo\"\nمرحبا، كيف حالك؟\r\n\r\nKijk op https://lamp.example/c/a.b?x=1&y=2."


def row(**more: Any) -> Mail:
    given = {"key": "k", "to": "an@klant.example", "language": "nl", "subject": "Antwoord", "text": "Dag An."}
    return Mail(id=7, created_at=AT, **given | more)


def read(message: EmailMessage) -> EmailMessage:
    """The mail as somebody gets it."""
    return cast(EmailMessage, email.message_from_bytes(message.as_bytes(), policy=default))


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def test_a_mail_says_who_writes_and_that_a_program_did() -> None:
    message = read(compose(row(), SETTINGS))
    assert message["From"] == "Lantaarn <hallo@lamp.example>"
    assert message["Reply-To"] == "hallo@lamp.example"
    assert message["To"] == "an@klant.example"
    assert message["Subject"] == "Antwoord"
    assert message["Date"].datetime == AT
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "nl"
    assert [p.get_content_type() for p in message.iter_parts()] == ["text/plain", "text/html"]
    other = SETTINGS.model_copy(update={"mail_from": "De Lamp <a@b.example>", "mail_reply_to": "vraag@b.example"})
    message = read(compose(row(), other))
    assert (message["From"], message["Reply-To"]) == ("De Lamp <a@b.example>", "vraag@b.example")


def test_the_message_id_is_the_rows_own() -> None:
    mark = compose(row(), SETTINGS)["Message-ID"]
    assert re.fullmatch(r"<[0-9a-f]{32}@lamp\.example>", mark)
    assert compose(row(subject="Anders", text="Anders", attempts=4), SETTINGS)["Message-ID"] == mark
    others = {compose(m, SETTINGS)["Message-ID"] for m in (row(key="k2"), Mail(**row().model_dump() | {"id": 8}))}
    assert len(others | {mark}) == 3


def test_odd_words_arrive_as_they_were() -> None:
    message = read(compose(row(subject="Hé 👋🏽 مرحبا " + "x" * 200, text=ODD), SETTINGS))
    assert message["Subject"] == "Hé 👋🏽 مرحبا " + "x" * 200
    assert part(message, "plain") == ODD.replace("\r\n", "\n") + "\n"
    assert max(len(line) for line in compose(row(text=ODD * 50), SETTINGS).as_bytes().split(b"\r\n")) <= 78


def test_the_page_is_escaped_and_links_show_where_they_go() -> None:
    page = as_html(ODD, "nl")
    assert "&lt;b&gt;vet&lt;/b&gt; &amp; &quot;zo&quot;<br>" in page
    link = "https://lamp.example/c/a.b?x=1&amp;y=2"
    assert f'<a href="{link}">{link}</a>.</p>' in page
    assert page.count("<a ") == 1
    assert '<html lang="nl">' in page


@pytest.mark.parametrize(
    "text",
    ["javascript:alert(1)", 'https://x.example/"onmouseover="alert(1)', "https://x.example/<script>", "http://",
     "data:text/html,<script>alert(1)</script>", "<a href=https://x.example>hier</a>"],
)  # fmt: skip
def test_no_markup_comes_out_of_words(text: str) -> None:
    tags = re.findall(r"<[^>]*>", as_html(text, "nl").split("<body", 1)[1].split(">", 1)[1])
    allowed = re.compile(r'</?p( dir="auto")?>|<br>|</a>|<a href="https?://[^"<>\s]+">|</body>|</html>')
    assert [tag for tag in tags if not allowed.fullmatch(tag)] == []


@given(subject=st.text(max_size=400), text=st.text(max_size=400), name=st.text(max_size=50))
@example(subject="a\r\nBcc: all@x.example\r\n\r\n<b>", text="\x00\ud800", name="x\r\nBcc: y@x.example")
@example(subject="a\u2028Bcc: x@x.example\x85Bcc: y@x.example", text="", name='"<>,;')
def test_nothing_adds_a_header(subject: str, text: str, name: str) -> None:
    try:
        settings = SETTINGS.model_copy(update={"shop_name": name})
        message = read(compose(row(subject=subject, text=text), settings))
    except ValueError:  # a shop's name that no header can hold
        assert not name.isprintable()
        return
    assert sorted(message.keys()) == sorted(
        ["From", "To", "Reply-To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Language",
         "MIME-Version", "Content-Type"]
    )  # fmt: skip
    assert [a.addr_spec for a in message["To"].addresses] == ["an@klant.example"]
    assert message["From"].addresses[0].addr_spec == "hallo@lamp.example"


@pytest.mark.parametrize(("given", "kept"), [("  An@Klant.example ", "An@Klant.example"), ("é@bücher.example",) * 2])
def test_addresses_are_kept(given: str, kept: str) -> None:
    assert address(given) == kept


BAD = [
    "", " ", "an", "@x.example", "an@", "a b@x.example", "an@x.example\nBcc: b@x.example", "an@@x.example",
    "An <an@x.example>", "<an@x.example>", "an@x.example.", ".an@x.example", "an@x..example", "a@x.example,b@x.example",
    "a" * 65 + "@x.example", "an@" + "x" * 256, "an@x.example\x00", "\u202ean@x.example", "a" * 1_000_000,
]  # fmt: skip


@pytest.mark.parametrize("bad", BAD)
def test_what_is_no_address_is_refused(bad: str) -> None:
    with pytest.raises(Invalid, match="is not an e-mail address"):
        address(bad)


def test_servers_by_url() -> None:
    assert parsed("smtp://h") == Server("h", 587, "starttls")
    assert parsed("smtp://u%40x:p%2Fw@h:25?tls=none") == Server("h", 25, "none", "u@x", "p/w")
    assert parsed("smtp://[::1]?tls=tls") == Server("::1", 465, "tls")
    assert "p/w" not in repr(parsed("smtp://u:p%2Fw@h"))


@pytest.mark.parametrize("url", ["http://u:secret@h", "smtp://", "secret", "smtp://u:secret@h?tls=maybe",
                                 "smtp://u:secret@h:99999", "smtp://u:sec#ret@h", "smtp://u:secret@h?x=1"])  # fmt: skip
def test_bad_settings_are_said_without_the_password(url: str) -> None:
    with pytest.raises(ValidationError, match="smtp_url") as said:
        Settings(_env_file=None, smtp_url=url, mail_from="a@b.example")
    assert "secret" not in str(said.value)
    assert "sec#ret" not in str(said.value)


def test_mails_need_a_sender() -> None:
    with pytest.raises(ValidationError, match="MAIL_FROM must be too"):
        Settings(_env_file=None, smtp_url="smtp://h")
    with pytest.raises(ValidationError, match="mail_from"):
        Settings(_env_file=None, smtp_url="smtp://h", mail_from="nobody")
    assert can_mail(SETTINGS)
    assert not can_mail(Settings(_env_file=None, mail_from="a@b.example"))


def hand_in(url: str, **more: Any) -> None:
    Line(parsed(url)).deliver(compose(row(**more), SETTINGS))


def refusal(url: str, **more: Any) -> NotSent:
    with pytest.raises(NotSent) as said:
        hand_in(url, **more)
    return said.value


def test_a_mail_arrives_whole() -> None:
    with open_office() as (office, port):
        hand_in(f"smtp://127.0.0.1:{port}?tls=none", text=ODD * 4000, subject="Hé\r\n 👋🏽")
    (taken,) = office.taken
    assert office.to == ["an@klant.example"]
    assert taken["Subject"] == "Hé 👋🏽"
    assert part(taken, "plain") == (ODD * 4000).replace("\r\n", "\n") + "\n"
    assert part(taken, "html").count("<a ") == 4000


def test_lines_that_begin_with_a_dot_and_long_lines_arrive() -> None:
    text = ".\n..dot\nFrom here\n" + "x" * 5000
    with open_office() as (office, port):
        hand_in(f"smtp://127.0.0.1:{port}?tls=none", text=text)
    assert part(office.taken[0], "plain") == text + "\n"


def test_addresses_with_other_letters() -> None:
    with open_office(enable_SMTPUTF8=True) as (office, port):
        hand_in(f"smtp://127.0.0.1:{port}?tls=none", to="é@bücher.example")
    assert office.to == ["é@bücher.example"]
    with open_office(enable_SMTPUTF8=False) as (office, port):
        assert refusal(f"smtp://127.0.0.1:{port}?tls=none", to="é@bücher.example").for_good
    assert office.taken == []


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's context whose certificate this machine trusts."""
    cert, context = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    return context


def test_encrypted_and_signed_in(trusted: ssl.SSLContext) -> None:
    knows = lets_in("u@x", "p/w")
    starts = {"tls_context": trusted, "require_starttls": True, "auth_required": True, "authenticator": knows}
    with open_office(**starts) as (office, port):
        hand_in(f"smtp://u%40x:p%2Fw@127.0.0.1:{port}?tls=starttls")
        wrong = refusal(f"smtp://u%40x:no@127.0.0.1:{port}?tls=starttls")
        assert (wrong.server, wrong.for_good) == (True, False)
        assert str(wrong).startswith("535 ")
        nobody = refusal(f"smtp://127.0.0.1:{port}?tls=starttls")
        assert not nobody.for_good
        assert str(nobody).startswith("530 ")
    assert office.encrypted == [True]
    with open_office(ssl_context=trusted, auth_require_tls=False, authenticator=knows) as (office, port):
        hand_in(f"smtp://u%40x:p%2Fw@127.0.0.1:{port}?tls=tls")
    assert len(office.taken) == 1


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_a_certificate_that_nobody_vouches_for_gets_no_mail(tmp_path: Path, tls: str) -> None:
    _, context = certificate(tmp_path)
    options = {"tls_context": context} if tls == "starttls" else {"ssl_context": context}
    with open_office(**options) as (office, port):
        said = refusal(f"smtp://127.0.0.1:{port}?tls={tls}")
    assert (said.server, said.for_good, office.taken) == (True, False, [])
    assert "certificate" in str(said).lower()


def test_a_certificate_for_another_name_gets_no_mail(trusted: ssl.SSLContext) -> None:
    with open_office(tls_context=trusted) as (office, port):
        assert refusal(f"smtp://localhost:{port}?tls=starttls").server
    assert office.taken == []


def test_nothing_goes_in_the_clear_where_encryption_was_asked_for() -> None:
    with open_office() as (office, port):
        said = refusal(f"smtp://127.0.0.1:{port}?tls=starttls")
    assert (said.server, said.for_good, office.taken) == (True, False, [])


@pytest.mark.parametrize(
    ("where", "answer", "for_good"),
    [
        ("an@klant.example", "550 5.1.1 No such person", True),
        ("an@klant.example", "450 4.2.1 Try later", False),
        ("data", "554 5.7.1 That is spam", True),
        ("data", "452 4.3.1 Disk full", False),
        ("mail", "550 5.7.1 You may not send as this", False),  # the settings' fault: they can be mended
        ("mail", "451 Not now", False),
        ("data", "421 4.3.2 Going down", False),
    ],
)
def test_what_the_server_says_decides(where: str, answer: str, for_good: bool) -> None:
    with open_office() as (office, port):
        office.refuses[where] = answer
        said = refusal(f"smtp://127.0.0.1:{port}?tls=none")
        assert (str(said), said.for_good, said.server, office.taken) == (answer, for_good, False, [])
        office.refuses.clear()
        hand_in(f"smtp://127.0.0.1:{port}?tls=none")
    assert len(office.taken) == 1


def test_a_server_that_greets_with_421_or_not_at_all() -> None:
    with closed_counter(b"421 4.3.2 Too many connections\r\n") as port:
        said = refusal(f"smtp://127.0.0.1:{port}?tls=none")
        assert (str(said), said.server, said.for_good) == ("421 4.3.2 Too many connections", True, False)
    with closed_counter(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        assert refusal(f"smtp://127.0.0.1:{port}?tls=none").server
    gone = refusal(f"smtp://127.0.0.1:{free_port()}?tls=none")
    assert (gone.server, gone.for_good) == (True, False)
    assert "refused" in str(gone)
    assert refusal("smtp://no-such-host.invalid?tls=none").server


@pytest.mark.parametrize("greeting", [b"", b"220 hello\r\n"])
def test_hanging_up_ends_the_wait(greeting: bytes) -> None:
    with closed_counter(greeting) as port:
        line, ended = Line(parsed(f"smtp://127.0.0.1:{port}?tls=none")), threading.Event()
        said: list[NotSent] = []

        def deliver() -> None:
            try:
                line.deliver(compose(row(), SETTINGS))
            except NotSent as error:
                said.append(error)
            ended.set()

        thread = threading.Thread(target=deliver)
        thread.start()
        assert not ended.wait(0.5)
        began = time.monotonic()
        line.hang_up()
        assert ended.wait(2)
        assert time.monotonic() - began < 1
        thread.join()
        line.hang_up()
    assert [(e.server, e.for_good) for e in said] == [(True, False)]


def test_hanging_up_first_sends_nothing() -> None:
    with open_office() as (office, port):
        line = Line(parsed(f"smtp://127.0.0.1:{port}?tls=none"))
        line.hang_up()
        with pytest.raises(NotSent):
            line.deliver(compose(row(), SETTINGS))
    assert office.taken == []
