"""The care page and an entry's history over HTTP: what is listed, what each click does, bad input, other people."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

import httpx
import pytest
from sqlmodel import Session, select

from handoff.desk_models import Report
from handoff.editor_models import EntryDay
from handoff.models import Person
from kb import checks
from kb.drafts import EntryDraft
from kb.entries import create_entry, get_entry, withdraw_entry
from kb.models import Entry, EntryCheck

from .site import PASSWORD, Site

PART = {"HX-Request": "true"}
Filled = Callable[[str], None]


def at(days: int) -> datetime:
    """The beginning of the day so many days from today."""
    return datetime.combine(date_in(days), time(), UTC)


def date_in(days: int) -> date:
    return checks.today() + timedelta(days=days)


def signed(site: Site, who: str = "els") -> httpx.Client:
    client = site.client()
    client.post("/api/v1/login", json={"email": f"{who}@shop.example", "password": PASSWORD}).raise_for_status()
    return client


@pytest.fixture
def els(site: Site) -> httpx.Client:
    return signed(site)


@pytest.fixture(autouse=True)
def new_entry(site: Site) -> Iterator[Filled]:
    """Makes an entry; those that a test made are out of service after it."""
    made: list[str] = []

    def make(key: str) -> None:
        made.append(key)
        answer = "Eerste antwoord.\n\nTweede regel."
        draft = EntryDraft(key=key, question=f"Vraag over {key}?", answer=answer, topic="x")
        site.write(lambda s: create_entry(s, draft, "els@shop.example"))

    yield make
    for key in made:
        site.write(partial(withdraw_entry, key=key, language="nl", if_revision=None, by="test"))


def entry_of(site: Site, key: str) -> Entry:
    return site.write(lambda s: get_entry(s, key, "nl"))


def put(site: Site, key: str, **fields: object) -> None:
    """Give an entry fields that only time gives."""

    def act(session: Session) -> None:
        entry = get_entry(session, key, "nl")
        entry.sqlmodel_update(fields)
        session.add(entry)

    site.write(act)


def days(site: Site, key: str, ago: int = 3, **figures: int) -> None:
    site.write(lambda s: s.add(EntryDay(entry_key=key, language="nl", day=date_in(-ago), **figures)))


def section(page: httpx.Response, name: str) -> str:
    """The markup of one list of the page."""
    assert page.status_code == 200, page.text
    found = re.search(rf'aria-labelledby="{name}">(.*?)</section>', page.text, re.S)
    assert found, f"no list {name}"
    return found[1]


def undo_of(page: httpx.Response) -> str:
    found = re.search(r'"undo": "([^"]+)"', page.headers["X-Toast"])
    assert found, page.headers["X-Toast"]
    return found[1]


def test_what_is_due_is_listed_and_still_right_in_one_click_and_undone(
    site: Site, els: httpx.Client, new_entry: Filled
) -> None:
    new_entry("due-one")
    new_entry("due-later")
    put(site, "due-one", review_at=at(-2))
    put(site, "due-later", review_at=at(200))
    page = els.get("/review/care")
    due = section(page, "due")
    assert "Vraag over due-one?" in due
    assert "Te laat" in due
    assert "due-later" not in due
    assert re.search(r'href="/review/care" aria-current="page">Onderhoud <span class="count">1</span>', page.text)

    form = {"key": "due-one", "language": "nl"}
    done = els.post("/review/care/right?list=due", data=form, headers=PART)
    assert "due-one" not in section(done, "due")
    assert "autofocus" in done.text
    assert entry_of(site, "due-one").review_at == datetime.combine(
        checks.in_months(checks.today(), 6), time(), UTC
    )
    again = els.post("/review/care/right?list=due", data=form, headers=PART)  # sent twice
    assert undo_of(again) == undo_of(done)
    back = els.post(undo_of(done), headers=PART)
    assert "Vraag over due-one?" in section(back, "due")
    assert entry_of(site, "due-one").review_at == at(-2)
    assert site.write(lambda s: s.exec(select(EntryCheck)).all()) == []
    gone = els.post(undo_of(done), headers=PART)  # taken back twice
    assert gone.status_code == 200
    assert '"kind": "bad"' in gone.headers["X-Toast"]


def test_without_a_script_the_page_comes_back(site: Site, els: httpx.Client, new_entry: Filled) -> None:
    new_entry("plain")
    put(site, "plain", review_at=at(0))
    done = els.post("/review/care/right?days=180", data={"key": "plain", "language": "nl"})
    assert (done.status_code, done.headers["location"]) == (303, "/review/care?days=180")
    assert els.post("/review/entries/plain/nl/again", data={"months": "3"}).status_code == 303


def test_rejected_often_is_listed_by_what_is_sure(site: Site, els: httpx.Client, new_entry: Filled) -> None:
    for key, figures in {
        "one-of-one": {"answered": 1, "rejected": 1},
        "eight-of-twenty": {"answered": 20, "rejected": 8},
        "twenty-of-hundred": {"answered": 90, "rejected": 15, "helped": 5, "not_helped": 5},
        "five-of-hundred": {"answered": 100, "rejected": 5},
    }.items():
        new_entry(key)
        days(site, key, **figures)
    found = section(els.get("/review/care"), "rejected")
    assert [key for key in re.findall(r"Vraag over ([\w-]+)\?</a>", found)] == ["eight-of-twenty", "twenty-of-hundred"]
    assert "8 van de 20 keer" in found
    assert "20 van de 100 keer" in found
    form = {"key": "eight-of-twenty", "language": "nl", "revision": "1"}
    done = els.post("/review/care/withdraw?list=rejected", data=form, headers=PART)
    assert "eight-of-twenty" not in section(done, "rejected")
    assert entry_of(site, "eight-of-twenty").status == "withdrawn"
    els.post(undo_of(done), headers=PART).raise_for_status()
    assert entry_of(site, "eight-of-twenty").status == "live"
    seen = els.post("/review/care/right?list=rejected", data=form, headers=PART)
    assert "eight-of-twenty" not in section(seen, "rejected")


def test_what_nobody_needs_is_listed_and_kept(site: Site, els: httpx.Client, new_entry: Filled) -> None:
    for key in ("unused", "used", "looked-at", "new"):
        new_entry(key)
        if key != "new":
            put(site, key, changed_at=at(-100))
    days(site, "used", ago=10, answered=1)
    days(site, "looked-at", ago=10, views=50)
    days(site, "unused", ago=95, answered=4)
    found = section(els.get("/review/care"), "unneeded")
    assert re.findall(r"Vraag over ([\w-]+)\?</a>", found) == ["unused"]
    assert "unused" not in section(els.get("/review/care?days=180"), "unneeded")
    kept = els.post("/review/care/right?list=unneeded", data={"key": "unused", "language": "nl"}, headers=PART)
    assert "unused" not in section(kept, "unneeded")


def test_reports_are_settled_in_place(site: Site, els: httpx.Client) -> None:
    noor = site.write(lambda s: s.exec(select(Person).where(Person.role == "agent")).first())
    assert noor is not None
    report = Report(entry_key="return-how", language="nl", by_id=noor.id or 0, reason="wrong", words="<b>Fout</b>")
    site.write(lambda s: s.add(report))
    found = section(els.get("/review/care"), "reports")
    assert "&lt;b&gt;Fout&lt;/b&gt;" in found
    number = re.search(r"/review/care/reports/(\d+)/settle", found)
    assert number
    done = els.post(f"/review/care/reports/{number[1]}/settle", headers=PART)
    assert "Fout" not in section(done, "reports")
    assert "Fout" in section(els.post(undo_of(done), headers=PART), "reports")
    els.post(f"/review/care/reports/{number[1]}/settle", headers=PART).raise_for_status()
    assert els.post("/review/care/reports/99999/settle", headers=PART).status_code == 404


def test_an_entry_withdrawn_by_a_colleague_is_told_and_the_list_is_new(
    site: Site, els: httpx.Client, new_entry: Filled
) -> None:
    new_entry("stale")
    put(site, "stale", review_at=at(-1), revision=4)
    done = els.post("/review/care/withdraw", data={"key": "stale", "language": "nl", "revision": "1"}, headers=PART)
    assert done.status_code == 200
    assert '"kind": "bad"' in done.headers["X-Toast"]
    assert entry_of(site, "stale").status == "live"
    gone = els.post("/review/care/right", data={"key": "no-such", "language": "nl"}, headers=PART)
    assert '"kind": "bad"' in gone.headers["X-Toast"]


@pytest.mark.parametrize("on", ["", "gisteren", "2020-01-01", "2999-01-01", "🎁", "2027-02-31", "x" * 39])
def test_a_day_that_cannot_be_is_said_and_stays_in_the_field(els: httpx.Client, on: str) -> None:
    done = els.post("/review/entries/return-how/nl/again", data={"on": on}, headers=PART)
    assert done.status_code == 422
    assert "Kies een dag vanaf morgen" in done.text
    assert not on or f'value="{on}"' in done.text


def test_the_next_look_is_set_by_months_by_day_and_taken_away(site: Site, els: httpx.Client, new_entry: Filled) -> None:
    new_entry("again")
    there = "/review/entries/again/nl/again"
    for months in (3, 6, 12):
        els.post(there, data={"months": str(months)}, headers=PART).raise_for_status()
        day = checks.in_months(checks.today(), months)
        assert entry_of(site, "again").review_at == datetime.combine(day, time(), UTC)
    done = els.post(there, data={"on": date_in(1).isoformat()}, headers=PART)
    assert str(date_in(1).year) in done.text
    assert entry_of(site, "again").review_at == at(1)
    never = els.post(there, data={"months": "never"}, headers=PART)
    assert entry_of(site, "again").review_at is None
    els.post(undo_of(never), headers=PART).raise_for_status()
    assert entry_of(site, "again").review_at == at(1)
    right = els.post(there, data={"months": "right"}, headers=PART)
    assert "els@shop.example vond dat het klopte" in right.text
    assert entry_of(site, "again").review_at == datetime.combine(checks.in_months(checks.today(), 12), time(), UTC)
    for wrong in ("5", "-3", "zes", "1e3", "٣"):
        assert els.post(there, data={"months": wrong}, headers=PART).status_code == 422
    assert els.post("/review/entries/no-such/nl/again", data={"months": "3"}, headers=PART).status_code == 404


def test_an_undo_never_takes_back_what_a_colleague_did_since(site: Site, els: httpx.Client, new_entry: Filled) -> None:
    new_entry("two")
    there = "/review/entries/two/nl/again"
    mine = els.post(there, data={"months": "3"}, headers=PART)
    signed(site, "ada").post(there, data={"months": "12"}, headers=PART).raise_for_status()
    late = els.post(undo_of(mine), headers=PART)
    assert '"kind": "bad"' in late.headers["X-Toast"]
    assert entry_of(site, "two").review_at == datetime.combine(checks.in_months(checks.today(), 12), time(), UTC)


def test_only_editors_come_here(site: Site) -> None:
    noor, nobody = signed(site, "noor"), site.client()
    for path in ("/review/care", "/review/entries/return-how/nl/history", "/review/entries/return-how/nl/history/1"):
        assert noor.get(path).status_code == 403
        assert nobody.get(path).status_code == 303
    form = {"key": "return-how", "language": "nl"}
    assert noor.post("/review/care/right", data=form).status_code == 403
    assert nobody.post("/review/care/withdraw", data=form).status_code == 303
    elsewhere = {"Origin": "https://evil.example"}
    assert signed(site).post("/review/care/withdraw", data=form, headers=elsewhere).status_code == 403
    assert entry_of(site, "return-how").status == "live"


def test_revert_is_one_click_can_be_undone_and_shows_a_colleagues_change_first(
    site: Site, els: httpx.Client, new_entry: Filled
) -> None:
    new_entry("back")
    there = "/review/entries/back/nl"
    fields = {"question": "Vraag over back?", "answer": "Nieuw antwoord.", "topic": "x"}
    saved = els.post(there, data=fields | {"revision": "1"})
    assert saved.headers["location"] == f"{there}?done=saved&was=1"
    reverted = els.post(f"{there}/revert", data={"to": "1", "revision": "2"})
    assert reverted.headers["location"] == f"{there}?done=reverted&was=2"
    assert entry_of(site, "back").answer.startswith("Eerste")
    assert els.post(f"{there}/revert", data={"to": "1", "revision": "2"}).status_code == 303  # sent twice
    assert entry_of(site, "back").revision == 3
    page = els.get(reverted.headers["location"])
    assert re.search(r'name="to" value="2"><input type="hidden" name="revision" value="3"', page.text)
    els.post(f"{there}/revert", data={"to": "2", "revision": "3"})
    assert entry_of(site, "back").answer == "Nieuw antwoord."
    late = els.post(f"{there}/revert", data={"to": "1", "revision": "3"})
    assert late.status_code == 412
    assert "Een collega heeft dit antwoord net veranderd" in late.text
    assert entry_of(site, "back").answer == "Nieuw antwoord."
    assert els.post(f"{there}/revert", data={"to": "99"}).status_code == 404
    assert els.post(f"{there}/revert", data={"to": "x"}).status_code == 422


def test_history_comes_in_pages_and_compares_with_now(site: Site, els: httpx.Client, new_entry: Filled) -> None:
    new_entry("long")
    there = "/review/entries/long/nl"
    for n in range(1, 24):
        fields = {"question": "Vraag over long?", "answer": f"Antwoord nummer {n}.", "topic": "x", "revision": str(n)}
        els.post(there, data=fields)
    first = els.get(f"{there}/history")
    assert first.text.count("/revert") == 19  # the present one has no way back to itself
    assert "Oudere versies" in first.text
    second = els.get(f"{there}/history?before=5")
    assert "Oudere versies" not in second.text
    assert second.text.count("/revert") == 4
    both = els.get(f"{there}/history/3")
    assert "<del>23.</del>" in both.text
    assert "<ins>2.</ins>" in both.text
    assert "Geen verschil" in els.get(f"{there}/history/24").text
    assert els.get(f"{there}/history/99").status_code == 404


def test_one_list_is_shown_whole(site: Site, els: httpx.Client, new_entry: Filled) -> None:
    for n in range(13):
        new_entry(f"many-{n:02}")
        put(site, f"many-{n:02}", review_at=at(-20 + n))
    page = els.get("/review/care")
    assert section(page, "due").count("Vraag over") == 2 * 10  # the link, and what the button says of it
    assert "Toon alle 13" in page.text
    whole = els.get("/review/care?only=due")
    assert section(whole, "due").count("Vraag over") == 2 * 13
    assert 'aria-labelledby="rejected"' not in whole.text
    assert els.get("/review/care?only=nonsense").status_code == 404
    assert els.get("/review/care?days=7").status_code == 200
