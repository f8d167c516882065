"""Another language by adding one file: a whole conversation in it, and English where the file has no words."""

import re
import shutil
from collections.abc import AsyncIterator
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml
from fastapi import FastAPI
from pydantic import ValidationError
from sqlmodel import Session, select

from handoff import hours_words, staff_words, texts
from handoff.app import create_app
from handoff.hours import Hours
from handoff.mail import as_html
from handoff.models import Mail
from handoff.settings import ROOT, Settings
from handoff.texts import BadTexts, direction, lacking, languages, own_name, shipped
from handoff.wording import change
from kb.encoder import Encoder

from .app import Customer, client_of, new_customer, running_app, signed_in
from .conftest import ScriptedBot, act

FRENCH = {
    "language.name": "Français",
    "say.greet": "Bonjour\u202f! Comment puis-je t’aider\u202f?",
    "widget.title": "Pose ta question",
    "handover.unknown": "Ça, je ne le sais pas. J’appelle quelqu’un. {wait}",
    "error.too_long": "Ton message dépasse {limit} caractères.",
    "hours.days": "lundi,mardi,mercredi,jeudi,vendredi,samedi,dimanche",
    "hours.months": "janvier,février,mars,avril,mai,juin,juillet,août,septembre,octobre,novembre,décembre",
    "hours.date": "Nous revenons {day} {date} à {time}.",
    "mail.promised": "Ta question est sur notre liste. Tu auras une réponse ici, au plus tard {when}.",
    "mail.promised_subject": "{shop}\u202f: une réponse au plus tard {when}",
    "faq.title": "Questions fréquentes",
    "faq.none_of_ours": "une clé que personne n’utilise",
}
ARABIC = {"language.name": "العربية", "say.greet": "مرحبا! كيف أساعدك؟", "faq.title": "أسئلة شائعة"}
DAY = rf"({FRENCH['hours.days'].replace(',', '|')}) \d+ ({FRENCH['hours.months'].replace(',', '|')})"
QUESTION = "Comment renvoyer un article ?"
ENTRY = {
    "key": "return-how", "language": "fr", "question": QUESTION, "answer": "Annonce ton retour dans ton **compte**.",
    "phrasings": ["je veux renvoyer ma lampe", "comment faire un retour"], "topic": "shop",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shipped files, a French and an Arabic one beside them, and some that are no language."""
    folder = tmp_path / "texts"
    shutil.copytree(ROOT / "data" / "texts", folder)
    for code, words in (("fr", FRENCH), ("ar", ARABIC)):
        (folder / f"{code}.yml").write_text(yaml.safe_dump(words, allow_unicode=True), "utf-8")
    for name in ("README.yml", "fr.yml.bak", "x.yml", "../notes.yml"):
        (folder / name).write_text("say.greet: nobody reads this", "utf-8")
    monkeypatch.setattr(texts, "FOLDER", folder)
    return folder


@pytest.fixture
async def french(
    folder: Path, database_url: str, encoder: Encoder, cache_dir: Path, tmp_path: Path, scripted: ScriptedBot
) -> AsyncIterator[FastAPI]:
    """An app of a shop with these languages, which can mail, and has a French entry."""
    more = {"smtp_url": "smtp://127.0.0.1:9?tls=none", "mail_from": "boutique@shop.example"}
    async with running_app(database_url, encoder, cache_dir, tmp_path, scripted, **more) as app:
        els = await signed_in(app, "els")
        made = await els.post("/api/v1/kb/entries", json=ENTRY)
        assert made.status_code == 201, made.text
        yield app


def test_a_language_is_a_file(folder: Path) -> None:
    assert languages() == ("nl", "en", "ar", "fr")
    assert shipped("fr")["say.greet"] == FRENCH["say.greet"]
    assert shipped("fr")["say.thanks"] == shipped("en")["say.thanks"]
    assert shipped("fr").keys() == shipped("en").keys()  # not what nobody reads
    assert list(shipped("fr")) == list(shipped("en"))
    assert "say.greet" not in lacking("fr")
    assert {"say.thanks", "widget.send"} <= set(lacking("fr"))
    assert lacking("nl") == lacking("en") == []
    assert shipped("de") == shipped("nl")
    assert [own_name(code) for code in languages()] == ["Nederlands", "English", "العربية", "Français"]
    assert [direction(code) for code in languages()] == ["ltr", "ltr", "rtl", "ltr"]


def test_a_file_without_words_is_english_under_its_own_code(folder: Path) -> None:
    (folder / "sv.yml").write_text("# soon\n", "utf-8")
    texts._languages.cache_clear()
    assert shipped("sv") == shipped("en") | {"language.name": "sv"}
    texts._languages.cache_clear()


BROKEN = ["say.greet: [1, 2]", "- just\n- a list", "a: b: c", 'say.greet: "', b"\xff\xfe\xff"]


@pytest.mark.parametrize("broken", BROKEN)
def test_a_file_that_cannot_be_read_is_said_at_the_start(folder: Path, tmp_path: Path, broken: str | bytes) -> None:
    (folder / "pl.yml").write_bytes(broken if isinstance(broken, bytes) else broken.encode())
    with pytest.raises(BadTexts, match=r"pl\.yml"):
        create_app(Settings(_env_file=None, var_dir=tmp_path))


def test_the_shops_own_language_can_be_any_that_is_there(folder: Path) -> None:
    assert Settings(_env_file=None, default_language="fr").default_language == "fr"
    for wrong in ("de", "", "français", "../nl"):
        with pytest.raises(ValidationError, match="there are texts in nl, en, ar, fr"):
            Settings(_env_file=None, default_language=wrong)


def test_what_a_language_lacks_is_english_as_editors_changed_it(folder: Path, session: Session) -> None:
    change(session, "say.thanks", "en", "Any time!", "els")
    change(session, "say.greet", "en", "Hey!", "els")
    assert texts.texts(session, "fr")["say.thanks"] == "Any time!"
    assert texts.texts(session, "fr")["say.greet"] == FRENCH["say.greet"]
    change(session, "say.thanks", "fr", "Avec plaisir !", "els")
    assert texts.texts(session, "fr")["say.thanks"] == "Avec plaisir !"
    assert texts.texts(session, "en")["say.thanks"] == "Any time!"
    assert texts.texts(session, "nl")["say.thanks"] == shipped("nl")["say.thanks"]


def test_days_and_months_are_its_own_or_english(folder: Path) -> None:
    day = date(2027, 2, 1)
    assert hours_words.dated(day, shipped("fr"), "fr") == "1 février"
    assert hours_words.dated(day, shipped("ar"), "ar") == "1 February"
    short = shipped("fr") | {"hours.months": "janvier,février"}
    assert hours_words.dated(day, short, "fr") == "1 février"  # an editor lost ten: the file's
    shop = Hours.model_validate({"zone": "Europe/Brussels", "week": [[], [], [], [], [], [], []]})
    now = datetime(2027, 2, 1, 12, tzinfo=ZoneInfo("Europe/Brussels"))
    assert hours_words.words(shop, now, "fr") == shipped("en")["hours.closed"]


def test_days_that_a_file_has_wrong_are_english(folder: Path) -> None:
    (folder / "pl.yml").write_text("hours.days: poniedziałek,wtorek\n", "utf-8")
    texts._languages.cache_clear()
    assert hours_words.names(shipped("pl"), "pl", "days")[6] == "Sunday"
    texts._languages.cache_clear()


async def test_a_whole_conversation_in_french(french: FastAPI, scripted: ScriptedBot) -> None:
    client = client_of(french)
    her = await new_customer(client, language="fr")
    assert (await her.look())["language"] == "fr"

    scripted.says = lambda body: [act("say", key="greet")]
    await her.send("bonjour")
    assert (await her.reply("say"))["text"] == FRENCH["say.greet"]
    assert scripted.asked[-1]["metadata"]["language"] == "fr"

    scripted.says = lambda body: [act("answer")]
    await her.send("je veux renvoyer ma lampe", client_id="q1")
    answer = await her.reply("answer")
    assert answer["entry_key"] == "return-how"
    assert answer["html"] == "<p>Annonce ton retour dans ton <strong>compte</strong>.</p>\n"

    scripted.says = lambda body: [act("answer")]  # an entry that is there in Dutch only is found, and given as it is
    await her.send("combien de temps dure la livraison", client_id="q2")
    assert (await her.reply("answer", answer["seq"]))["entry_key"] == "delivery-time"

    said = (await her.send("x" * 4001, client_id="long")).json()["detail"]
    assert said == "Ton message dépasse 4000 caractères."

    scripted.says = lambda body: [act("handoff", reason="unknown")]
    await her.send("le code de ma carte est gratté", client_id="q3")
    await her.until("queue")
    told = [m["text"] for m in await her.messages() if m["author"] != "customer"]
    assert any(text.startswith("Ça, je ne le sais pas. J’appelle quelqu’un.") for text in told), told

    offered = (await client.get(f"{her.path}/contact", headers=her.headers)).json()
    leave = {"client_id": "l1", "kind": "answer", "email": "elle@client.example"}
    assert (await client.post(f"{her.path}/contact", json=leave, headers=her.headers)).status_code == 201
    body = {"email": "elle@client.example"}
    assert (await client.post(f"{her.path}/address", json=body, headers=her.headers)).status_code == 200
    assert re.search(DAY, offered["answer"]["words"])
    await _mailed(french, her)


async def _mailed(app: FastAPI, her: Customer) -> None:
    def row(session: Session) -> Mail:
        return session.exec(select(Mail).where(Mail.conversation_id == her.id)).one()

    mail = await app.state.it.read(row)
    assert mail.language == "fr"
    assert re.match(rf"Ta question est sur notre liste. Tu auras une réponse ici, au plus tard {DAY}", mail.text)
    assert re.search(rf"Lantaarn.: une réponse au plus tard {DAY}", mail.subject)
    assert "Open your conversation" in mail.text  # English, where the file has nothing


async def test_the_widget_gets_its_words_and_what_there_is(french: FastAPI) -> None:
    client = client_of(french)
    found = (await client.get("/api/v1/texts", params={"language": "fr"})).json()
    assert (found["language"], found["dir"], found["languages"]) == ("fr", "ltr", ["nl", "en", "ar", "fr"])
    assert found["texts"]["widget.title"] == "Pose ta question"
    assert found["texts"]["widget.send"] == shipped("en")["widget.send"]
    assert (await client.get("/api/v1/texts", params={"language": "ar"})).json()["dir"] == "rtl"
    for path in ("/api/v1/hours", "/api/v1/wait"):
        assert (await client.get(path, params={"language": "fr"})).status_code == 200, path
    for wrong in ("de", "FR", "français", "../nl", "fr\x00"):
        assert (await client.get("/api/v1/texts", params={"language": wrong})).status_code == 422, wrong
        assert (await client.post("/api/v1/conversations", json={"language": wrong})).status_code == 422, wrong


async def test_errors_are_in_the_language_that_was_asked_for(french: FastAPI) -> None:
    client = client_of(french)
    her = await new_customer(client, language="fr")
    for accept, other in (("fr-BE,fr;q=0.9", "en"), ("de", "nl"), ("ar", "en")):
        path = f"/api/v1/conversations/{her.id}x"
        answer = await client.get(path, headers=her.headers | {"Accept-Language": accept})
        assert answer.json()["detail"] == shipped(other)["error.not_found"], accept  # neither file has this one
    wrong = await her.send(kind="choice", option="none-such")
    assert wrong.json()["detail"] == "That choice was not offered."


async def test_the_faq_is_there_in_french(french: FastAPI) -> None:
    client = client_of(french)
    home = await client.get("/faq", headers={"Accept-Language": "fr-FR"})
    assert home.headers["location"] == "/faq/fr"
    page = await client.get("/faq/fr/return-how")
    assert '<html lang="fr">' in page.text
    assert "Questions fréquentes" in page.text
    assert QUESTION in page.text
    there = dict(re.findall(r'<link rel="alternate" hreflang="([^"]+)" href="[^"]*(/faq[^"]*)"', page.text))
    assert there == {"nl": "/faq/nl/return-how", "fr": "/faq/fr/return-how", "x-default": "/faq/nl/return-how"}
    dutch = (await client.get("/faq/nl/return-how")).text
    assert '<a href="/faq/fr/return-how" hreflang="fr" lang="fr">Français</a>' in dutch
    assert 'hreflang="fr"' in (await client.get("/faq/sitemap.xml")).text
    found = (await client.get("/faq/fr", params={"q": "comment faire un retour", "part": "1"})).text
    assert QUESTION in found
    assert (await client.get("/faq/de/return-how")).status_code == 404


@pytest.mark.parametrize("path", ["/", "/chat", "/faq", "/c/none", "/no-mail/none"])
async def test_arabic_is_written_from_the_right(french: FastAPI, path: str) -> None:
    client = client_of(french, follow_redirects=True)
    for language, start in (("ar", '<html lang="ar" dir="rtl">'), ("fr", '<html lang="fr">')):
        page = await client.get(path, params={"language": language})
        assert start in page.text, page.text[:300]
    assert '<html lang="ar" dir="rtl">' in as_html("مرحبا", "ar")


async def test_editors_change_its_words_and_write_its_entries(french: FastAPI) -> None:
    els = await signed_in(french, "els")
    page = (await els.get("/review/texts", params={"in": "fr", "language": "en"})).text
    assert ">Français</a>" in page
    assert "Pose ta question" in page
    done = await els.post("/review/texts/fr/widget.send", data={"value": "Envoyer"})
    assert done.status_code == 303
    client = client_of(french)
    found = (await client.get("/api/v1/texts", params={"language": "fr"})).json()
    assert found["texts"]["widget.send"] == "Envoyer"
    assert (await els.post("/review/texts/de/widget.send", data={"value": "Senden"})).status_code == 422

    for path in ("/review/entries", "/review/entries/new", "/review", "/review/import"):
        assert re.search(r'<option value="fr"[^>]*>Français</option>', (await els.get(path)).text), path
    assert "Français" in (await els.get("/review/entries/delivery-time/nl")).text  # to be translated
    new = {"key": "store-hours", "language": "fr", "question": "Quand êtes-vous ouverts ?", "answer": "Tous les jours."}
    made = await els.post("/review/entries", data=new)
    assert made.status_code == 303, made.text[:500]
    assert (await els.get("/review/entries/store-hours/fr")).status_code == 200
    assert (await els.get("/review/entries/store-hours/de")).status_code == 404


async def test_colleagues_keep_their_own_two_languages(french: FastAPI) -> None:
    els = await signed_in(french, "els")
    for headers, lang in (({"Accept-Language": "fr"}, "nl"), ({"Accept-Language": "en"}, "en")):
        page = await els.get("/review/entries", headers=headers)
        assert f'<html lang="{lang}"' in page.text
    assert staff_words.word("fr", "login.submit") == staff_words.word("en", "login.submit")
    noor = await signed_in(french, "noor")
    her = await new_customer(client_of(french), language="fr")
    assert (await noor.get(f"/desk/{her.id}")).status_code == 200


async def test_agents_speak_it_and_admins_have_replies_in_it(french: FastAPI) -> None:
    ada = await signed_in(french, "ada")
    person = (await ada.get("/settings/people/1")).text
    assert re.search(r'value="fr"[^>]*><span dir="auto">Français</span>', person)
    reply = {"shortcut": "bonjour", "language": "fr", "text": "Bonjour {customer} !"}
    made = await ada.post("/settings/canned/new", data=reply)
    assert made.status_code == 303, made.text[:300]
    assert "bonjour" in (await ada.get("/settings/canned", params={"in": "fr"})).text
