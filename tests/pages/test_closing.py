"""The desk's pages for closing over plain HTTP, and the service level above the queue."""

import re
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from handoff.models import Conversation, Estimate
from kb.models import now

from .site import Site
from .test_promises import PART, as_person, made, mine, promise_of, said, system_rows


def test_the_form_knows_topic_and_causes_and_closes(site: Site) -> None:
    before, noor = mine(site, "de cadeaubon doet het niet")
    noor.post(
        f"/desk/{before.id}/close", data={"topic": "topic:gift-cards", "cause": "Pincode <weg>"}
    ).raise_for_status()
    customer, _ = mine(site, "nog een cadeaubon")
    form = noor.get(f"/desk/{customer.id}/close").text
    assert '<option value="Pincode &lt;weg&gt;">' in form
    assert "Cadeaubonnen" in form
    closed = noor.post(f"/desk/{customer.id}/close", data={"topic": "topic:returns", "cause": " Pincode  <weg> "})
    assert closed.status_code == 200
    assert said(closed)["undo"] == f"/desk/{customer.id}/reopen"
    kept = site.write(lambda s: s.get_one(Conversation, customer.id))
    assert (kept.owner, kept.topic, kept.cause) == ("closed", "returns", "Pincode <weg>")
    none = mine(site, "zonder onderwerp graag")[0]
    noor.post(f"/desk/{none.id}/close", data={"topic": "topic:"}).raise_for_status()
    assert site.write(lambda s: s.get_one(Conversation, none.id)).topic is None


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"cause": "é" * 81}, "Dat is te lang: het mag 80 tekens hebben."),
        ({"topic": "topic:bestaat niet", "cause": "x<y"}, "Dit onderwerp is er niet meer."),
    ],
)
def test_what_cannot_be_closed_with_is_said_and_kept(site: Site, form: dict[str, str], words: str) -> None:
    customer, noor = mine(site, "sluit mij niet zomaar")
    answer = noor.post(f"/desk/{customer.id}/close", data=form)
    assert (answer.status_code, answer.headers["hx-retarget"]) == (409, "#ask")
    assert words in answer.text
    assert form["cause"].replace("<", "&lt;") in answer.text
    assert customer.owner() == "agent"


def test_reopening_gives_it_back_and_says_when_it_cannot(site: Site) -> None:
    customer, noor = mine(site, "te vroeg gesloten")
    sam = as_person(site, "sam")
    noor.post(f"/desk/{customer.id}/close", data={"cause": "te vroeg"}).raise_for_status()
    assert "niet meer heropenen" in sam.post(f"/desk/{customer.id}/reopen").text
    for _ in range(2):
        back = noor.post(f"/desk/{customer.id}/reopen")
        assert back.status_code == 200
    assert 'data-mode="mine"' in back.text
    assert system_rows(customer)[-1] == "We gaan verder waar we waren."
    noor.post(f"/desk/{customer.id}/close").raise_for_status()
    customer.say("ik ben er nog")
    late = noor.post(f"/desk/{customer.id}/reopen")
    assert (late.status_code, "niet meer heropenen" in late.text) == (409, True)


def test_closing_with_something_promised_says_so_and_may_keep_it(site: Site) -> None:
    one, noor, _ = made(site, "sluiten met een open belofte")
    form = noor.get(f"/desk/{one.id}/close").text
    assert "Er staat nog iets open" in form
    assert not re.search(r'name="kept"[^>]* checked', form)
    body = {"client_id": "a1", "text": "Het is uitgezocht."}
    noor.post(f"/api/v1/desk/conversations/{one.id}/messages", json=body).raise_for_status()
    assert re.search(r'name="kept"[^>]* checked', noor.get(f"/desk/{one.id}/close").text)
    noor.post(f"/desk/{one.id}/close", data={"kept": "yes"}).raise_for_status()
    assert promise_of(site, one).kept_at is not None
    assert [row for row in system_rows(one) if "Zoals beloofd" in row]
    two, _, open_ = made(site, "sluiten en later beantwoorden")
    noor.post(f"/desk/{two.id}/close").raise_for_status()
    assert promise_of(site, two).kept_at is None
    shown = noor.get(f"/desk/{two.id}", headers=PART).text
    assert "Antwoord beloofd" in shown
    taken = noor.post(f"/desk/promises/{open_.id}/take")  # my own, to answer after all
    assert 'data-mode="mine"' in taken.text


def test_the_api_closes_with_topic_and_cause(site: Site) -> None:
    customer, noor = mine(site, "sluit mij over de api")
    path = f"/api/v1/desk/conversations/{customer.id}/close"
    assert noor.post(path, json={"topic": "bestaat niet"}).status_code == 422
    assert noor.post(path, json={"cause": "x" * 81}).status_code == 422
    assert noor.post(path, json={"topic": 5}).status_code == 422
    answer = noor.post(path, json={"topic": "delivery", "cause": "Pakje zoek 📦"})
    assert answer.json() == {"owner": "closed", "topic": "delivery", "cause": "Pakje zoek 📦"}
    assert noor.post(path).json()["cause"] == "Pakje zoek 📦"
    back = noor.post(path.replace("close", "reopen"))
    assert (back.json()["owner"], back.json()["mine"]) == ("agent", True)
    assert as_person(site, "sam").post(path.replace("close", "reopen")).status_code == 409


def test_the_level_is_quiet_until_there_are_five(site: Site) -> None:
    noor = as_person(site, "noor")
    customer = site.customer("hoe lang duurt het vandaag")

    def told(session: Session, waited_s: int) -> None:
        at = now() - timedelta(seconds=1000)
        ended = at + timedelta(seconds=waited_s)
        about = {"conversation_id": customer.id, "at": at, "place": 1, "ended_at": ended, "end": "taken"}
        session.add(Estimate(**about, low_s=60, high_s=300))

    def empty(session: Session) -> None:
        for row in session.exec(select(Estimate)).all():
            session.delete(row)

    site.write(empty)
    assert "nog te weinig klanten" in noor.get("/desk/queue").text
    for waited_s in (10, 20, 30, 40, 900):
        site.write(lambda s, w=waited_s: told(s, w))
    text = noor.get("/desk/queue").text
    assert "80% op tijd geholpen vandaag" in text
    assert "Vandaag had 80% van 5 klanten iemand binnen" in text
