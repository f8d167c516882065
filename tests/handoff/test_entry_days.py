"""How entries do in the public FAQ, in figures for each day, and what its pages read, on both databases."""

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from handoff.db import writing
from handoff.editor_models import EntryDay
from handoff.entry_days import Tally, add_views, since, take_back, vote
from handoff.problems import NotFound
from handoff.settings import Settings
from handoff.texts import shipped
from handoff.web import faq_search, faq_view
from handoff.web.faq_meta import sitemap
from handoff.web.faq_view import Lost, Reader
from kb.drafts import EntryDraft
from kb.entries import create_entry
from kb.models import now

KEY = ("lamp", "nl")
PUBLIC = Reader("nl", texts=shipped("nl"))
COLLEAGUE = Reader("nl", colleague=True, texts=shipped("nl"))


def figures(session: Session) -> Tally:
    return since(session, now().date() - timedelta(days=30)).get(KEY, Tally())


def test_views_and_votes_add_up(session: Session) -> None:
    add_views(session, Counter({KEY: 3, ("lamp", "en"): 1}))
    add_views(session, Counter({KEY: 2}))
    add_views(session, Counter())
    vote(session, *KEY, helped=True)
    vote(session, *KEY, helped=False)
    assert figures(session) == Tally(5, 1, 1)
    take_back(session, *KEY, helped=True)
    assert figures(session) == Tally(5, 0, 1)


def test_taking_back_never_goes_below_nothing_and_takes_the_last_day(session: Session) -> None:
    take_back(session, *KEY, helped=True)
    assert figures(session) == Tally()
    today = now().date()
    for days, helped in ((9, 2), (4, 1), (0, 0)):
        session.add(EntryDay(entry_key=KEY[0], language=KEY[1], day=today - timedelta(days=days), helped=helped))
    session.flush()
    for left in (2, 1, 0, 0):
        take_back(session, *KEY, helped=True)
        assert figures(session).helped == left
    assert figures(session).not_helped == 0
    session.add(EntryDay(entry_key=KEY[0], language=KEY[1], day=today - timedelta(days=40), views=7))
    session.flush()
    assert figures(session).views == 0  # before the period


def test_two_processes_both_count(engine: Engine) -> None:
    for _ in range(2):
        with writing(engine) as session:
            vote(session, *KEY, helped=True)
    with writing(engine) as session:
        assert figures(session).helped == 2


def fill(session: Session) -> None:
    rows = [("lamp", "Hoe dim ik mijn lamp?", "Met de knop.", "lamps", "public"),
            ("bulb", "Welk peertje past?", "E27, 100% zeker.", "lamps", "public"),
            ("cost", "Wat kost de lamp ons?", "Zie het grootboek.", "lamps", "agents"),
            ("bare", "Zonder onderwerp?", "Ja.", "", "public")]  # fmt: skip
    for key, question, answer, topic, audience in rows:
        draft = EntryDraft(key=key, question=question, answer=answer, topic=topic, audience=audience)
        create_entry(session, draft, "els")


def test_the_pages_read_the_same_from_both_databases(session: Session) -> None:
    fill(session)
    add_views(session, Counter({KEY: 1, ("bulb", "nl"): 5, ("cost", "nl"): 9}))
    home = faq_view.home(session, PUBLIC)
    assert [one.key for one in home.popular] == ["bulb", "lamp"]
    assert [(one.name, one.count) for one in home.topics] == [("Lamps", 2), ("Overige vragen", 1)]
    assert [one.key for one in faq_view.home(session, COLLEAGUE).popular] == ["cost", "bulb", "lamp"]
    first = faq_view.topic_page(session, PUBLIC, "lamps", 0)
    assert ([one.key for one in first.entries], first.more, first.languages) == (["lamp", "bulb"], 0, ["nl"])
    assert [one.key for one in faq_view.topic_page(session, COLLEAGUE, "lamps", 0).entries] == ["lamp", "bulb", "cost"]
    with pytest.raises(NotFound):
        faq_view.topic_page(session, PUBLIC, "none", 0)
    entry = faq_view.entry_page(session, PUBLIC, "lamp")
    assert not isinstance(entry, Lost)
    assert [one.key for one in entry.topic.some] == ["bulb"]
    assert isinstance(faq_view.entry_page(session, PUBLIC, "cost"), Lost)
    assert sitemap(session, Settings(_env_file=None)).count("<loc>") == 3 + 3  # entries, topics and the first page


@pytest.mark.parametrize(
    ("query", "found"), [("LAMP", ["lamp"]), ("100%", ["bulb"]), ("100_", []), ("grootboek", []), ("de", [])]
)
def test_words_are_found_wherever_they_stand(session: Session, query: str, found: list[str]) -> None:
    fill(session)
    results = faq_search.results(session, PUBLIC, query, {})
    assert [one.key for one in results.mentions] == found
    both = faq_search.results(session, PUBLIC, query, {("cost", "nl"): 0.9, ("lamp", "nl"): 0.6})
    assert [one.key for one in both.entries] == ["lamp"]
    mine = faq_search.results(session, COLLEAGUE, query, {("cost", "nl"): 0.9})
    assert [one.key for one in mine.entries] == ["cost"]
