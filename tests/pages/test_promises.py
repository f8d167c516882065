"""The desk's pages for promises and closing over plain HTTP: what is taken, what is refused in which words, twice."""

import json
import re
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import Session, select

from handoff import promises
from handoff.desk_models import Promise
from handoff.models import Conversation, Person
from handoff.web.desk_lists import lists
from handoff.web.promise_view import BadTime, TimeForm, chosen, window_of
from kb.models import now

from .site import PASSWORD, Customer, Site

PART = {"HX-Request": "true"}


def as_person(site: Site, who: str) -> httpx.Client:
    client = site.client()
    client.post("/api/v1/login", json={"email": f"{who}@shop.example", "password": PASSWORD}).raise_for_status()
    client.headers["HX-Request"] = "true"
    return client


def id_of(site: Site, who: str) -> int:
    return site.write(lambda s: s.exec(select(Person.id).where(Person.email == f"{who}@shop.example")).one()) or 0


def mine(site: Site, words: str, who: str = "noor", **start: Any) -> tuple[Customer, httpx.Client]:
    """A customer, and the agent who has her conversation."""
    customer, agent = site.customer(words, **start), as_person(site, who)
    assert agent.post(f"/desk/{customer.id}/claim").status_code == 200
    return customer, agent


def in_hours(hours: float) -> str:
    return (now() + timedelta(hours=hours)).isoformat()


def promise_of(site: Site, customer: Customer) -> Promise:
    return site.write(
        lambda s: s.exec(
            select(Promise).where(Promise.conversation_id == customer.id).order_by(Promise.id.desc())  # type: ignore[union-attr]
        ).first()
    ) or Promise(conversation_id="", client_id="", due_at=now())


def made(site: Site, words: str, who: str = "noor", **form: Any) -> tuple[Customer, httpx.Client, Promise]:
    customer, agent = mine(site, words, who)
    answer = agent.post(f"/desk/{customer.id}/promise", data={"client_id": "p", "due_at": in_hours(20)} | form)
    assert answer.status_code == 200, answer.text
    return customer, agent, promise_of(site, customer)


def said(answer: httpx.Response) -> dict[str, str]:
    return json.loads(answer.headers["x-toast"])


def system_rows(customer: Customer) -> list[str]:
    return [text for author, text in customer.said() if author == "system"]


def test_the_form_offers_times_and_one_click_makes_it(site: Site) -> None:
    customer, noor = mine(site, "wanneer weten jullie het")
    form = noor.get(f"/desk/{customer.id}/promise")
    times = re.findall(r'name="due_at" value="([^"]+)"', form.text)
    assert len(times) >= 3
    assert times == sorted(times)
    client_id = re.findall(r'name="client_id" value="([^"]+)"', form.text)[0]
    assert "E-mailadres van de klant" in form.text
    body = {"client_id": client_id, "kind": "answer", "due_at": times[1], "note": "bij <b>Sam</b> navragen"}
    for _ in range(2):  # sent twice it is one promise
        answer = noor.post(f"/desk/{customer.id}/promise", data=body)
        assert answer.status_code == 200
    assert "bij &lt;b&gt;Sam&lt;/b&gt; navragen" in answer.text
    assert said(answer)["undo"] == f"/desk/promises/{promise_of(site, customer).id}/undo"
    assert answer.headers["x-conversation"] == customer.id
    assert len([row for row in system_rows(customer) if "uiterlijk" in row]) == 1
    assert "Sam" not in str(customer.said())
    assert promise_of(site, customer).due_at == datetime.fromisoformat(times[1])
    again = noor.get(f"/desk/{customer.id}/promise")  # now the form moves it
    assert f"/desk/promises/{promise_of(site, customer).id}/move" in again.text


BAD = [
    ({"due_at": ""}, "Vul een dag en een tijd in."),
    ({"due_at": "morgen"}, "Vul een dag en een tijd in."),
    ({"due_at": "2030-01-01T10:00:00"}, "Vul een dag en een tijd in."),
    ({"due_at": "", "day": "2026-13-45", "until": "10:00"}, "Vul een dag en een tijd in."),
    ({"due_at": "", "day": "9999-12-31", "until": "23:59"}, "Kies een tijd binnen 90 dagen"),
    ({"due_at": "", "day": "0001-01-01", "until": "00:00"}, "Vul een dag en een tijd in."),
    ({"due_at": "", "day": "2020-01-01", "until": "10:00"}, "Die tijd is al voorbij."),
    ({"due_at": "", "day": "<b>", "until": "💥"}, "Vul een dag en een tijd in."),
    ({"email": "geen adres"}, "Dit is geen e-mailadres."),
    ({"kind": "call"}, "Om te bellen is een telefoonnummer nodig"),
    ({"kind": "call", "phone": "12"}, "Om te bellen is een telefoonnummer nodig"),
    ({"kind": "call", "phone": "bel mij maar"}, "Om te bellen is een telefoonnummer nodig"),
    ({"kind": "dans"}, "Kies een tijd binnen 90 dagen"),
    ({"note": "x" * 301}, "de notitie mag 300 tekens hebben"),
]


@pytest.mark.parametrize(("form", "words"), BAD, ids=lambda v: str(v)[:50])
def test_what_cannot_be_promised_is_said_and_kept(site: Site, form: dict[str, str], words: str) -> None:
    customer, noor = mine(site, "beloof me iets vreemds")
    body = {"client_id": "p", "due_at": in_hours(5), "note": "typte & <i>dit</i>"} | form
    answer = noor.post(f"/desk/{customer.id}/promise", data=body)
    assert answer.status_code == 409, answer.text
    assert answer.headers["hx-retarget"] == "#ask"
    assert words in answer.text
    assert "<i>dit" not in answer.text
    if "note" not in form:
        assert "typte &amp; &lt;i&gt;dit&lt;/i&gt;" in answer.text
    assert promise_of(site, customer).id is None
    kept = site.write(lambda s: s.get_one(Conversation, customer.id))
    assert (kept.customer_email, kept.customer_phone) == (None, None)
    assert noor.post(f"/desk/{customer.id}/promise", data={"due_at": "x" * 2000, "client_id": "p"}).status_code == 422


def test_only_whose_conversation_it_is_promises(site: Site) -> None:
    customer, noor = mine(site, "wie belooft hier")
    sam = as_person(site, "sam")
    body = {"client_id": "p", "due_at": in_hours(3)}
    assert sam.post(f"/desk/{customer.id}/promise", data=body).status_code == 409
    assert sam.post("/desk/bestaat-niet/promise", data=body).status_code == 404
    assert as_person(site, "els").post(f"/desk/{customer.id}/promise", data=body).status_code == 403
    assert promise_of(site, customer).id is None
    assert noor.post(f"/desk/{customer.id}/promise", data=body).status_code == 200
    second = noor.post(f"/desk/{customer.id}/promise", data=body | {"client_id": "q"})
    assert second.status_code == 409
    assert "Dit kan niet meer" in second.text


def test_a_call_has_a_window_and_a_number_to_click(site: Site) -> None:
    customer, noor = mine(site, "bel me liever op")
    body = {"client_id": "p", "kind": "call", "due_at": in_hours(30), "phone": "+31 (0)20-123 45 67"}
    answer = noor.post(f"/desk/{customer.id}/promise", data=body)
    assert answer.status_code == 200
    promise = promise_of(site, customer)
    assert promise.from_at == promise.due_at - timedelta(hours=2)
    assert 'href="tel:+310201234567"' in answer.text
    listed = noor.get("/desk/queue")
    assert 'href="tel:+310201234567"' in listed.text


def test_moving_says_so_and_a_stale_form_does_not_win(site: Site) -> None:
    customer, noor, promise = made(site, "toch een dag later")
    path, later = f"/desk/promises/{promise.id}/move", in_hours(48)
    form = noor.get(path)
    assert 'name="revision" value="1"' in form.text
    first = noor.post(path, data={"revision": "1", "due_at": later})
    assert first.status_code == 200
    assert "Verzet naar" in said(first)["text"]
    assert noor.post(path, data={"revision": "1", "due_at": later}).status_code == 200  # the same again
    stale = noor.post(path, data={"revision": "1", "due_at": in_hours(72)})
    assert (stale.status_code, "Dit kan niet meer" in stale.text) == (409, True)
    assert promise_of(site, customer).due_at == datetime.fromisoformat(later)
    assert len([row for row in system_rows(customer) if "wordt een ander moment" in row]) == 1
    past = noor.post(path, data={"revision": "2", "day": "2020-01-01", "until": "10:00"})
    assert "Die tijd is al voorbij." in past.text
    assert 'value="2020-01-01"' in past.text
    assert noor.post(path, data={"revision": "veel", "due_at": later}).status_code == 422


@pytest.mark.parametrize(
    ("how", "row", "other"), [("keep", "Zoals beloofd", "drop"), ("drop", "niet meer nodig", "keep")]
)
def test_settling_is_told_once_and_not_turned_round(site: Site, how: str, row: str, other: str) -> None:
    customer, noor, promise = made(site, f"wordt dit {how}")
    sam = as_person(site, "sam")
    refused = sam.post(f"/desk/promises/{promise.id}/{how}")
    assert (refused.status_code, said(refused)["kind"]) == (409, "bad")
    for _ in range(2):
        answer = noor.post(f"/desk/promises/{promise.id}/{how}")
        assert answer.status_code == 200
        assert 'data-mark=""' in answer.text
    assert len([words for words in system_rows(customer) if row in words]) == 1
    assert noor.post(f"/desk/promises/{promise.id}/{other}").status_code == 409
    assert (
        noor.post(f"/desk/promises/{promise.id}/move", data={"revision": "2", "due_at": in_hours(9)}).status_code == 409
    )


def test_undo_tells_the_customer_that_it_was_a_mistake(site: Site) -> None:
    customer, noor, promise = made(site, "dit was een vergissing")
    sam = as_person(site, "sam")
    assert sam.post(f"/desk/promises/{promise.id}/undo").status_code == 409
    for _ in range(2):
        assert noor.post(f"/desk/promises/{promise.id}/undo").status_code == 200
    assert len([row for row in system_rows(customer) if "vergissing" in row]) == 1
    assert noor.post(f"/desk/promises/{promise.id}/keep").status_code == 409
    again = noor.post(f"/desk/{customer.id}/promise", data={"client_id": "q", "due_at": in_hours(9)})
    assert again.status_code == 200
    second = promise_of(site, customer)
    site.write(lambda s: s.get_one(Promise, second.id).sqlmodel_update({"made_at": now() - timedelta(minutes=6)}))
    assert noor.post(f"/desk/promises/{second.id}/undo").status_code == 409
    assert promise_of(site, customer).dropped_at is None


def test_other_ids_are_not_found(site: Site) -> None:
    noor = as_person(site, "noor")
    for id_ in ("0", "999999", "x", "-1", "9" * 30, "٣"):
        for how in ("keep", "drop", "undo", "take"):
            assert noor.post(f"/desk/promises/{id_}/{how}").status_code in (404, 422), (id_, how)
        assert noor.get(f"/desk/promises/{id_}/move").status_code == 404, id_
    _, noor, promise = made(site, "vreemde werkwoorden")
    assert noor.post(f"/desk/promises/{promise.id}/eat").status_code == 404
    stranger = site.client()
    gone = stranger.post(f"/desk/promises/{promise.id}/keep", headers=PART)
    assert "hx-redirect" in gone.headers
    other = {"Origin": "https://evil.example"}
    assert noor.post(f"/desk/promises/{promise.id}/keep", headers=other).status_code == 403


def test_taking_up_what_the_shop_promised(site: Site) -> None:
    customer = site.customer("bel me als je open bent")
    wish = {"client_id": "w", "kind": "answer", "email": "klant@example.com"}
    left = customer.client.post(f"{customer.path}/contact", json=wish)
    assert left.status_code == 201, left.text
    noor = as_person(site, "noor")
    shown = noor.get(f"/desk/{customer.id}", headers=PART)
    assert "nog van niemand" in shown.text
    promise = promise_of(site, customer)
    taken = noor.post(f"/desk/promises/{promise.id}/take")
    assert taken.status_code == 200
    assert 'data-mode="mine"' in taken.text
    assert customer.owner() == "agent"
    assert promise_of(site, customer).holder_id == id_of(site, "noor")


def test_a_colleagues_promise_at_the_desk_is_not_taken(site: Site) -> None:
    customer, noor, promise = made(site, "blijf van mijn klant af")
    sam = as_person(site, "sam")
    answer = sam.post(f"/desk/promises/{promise.id}/take")
    assert answer.status_code == 409
    assert "Dit kun je niet oppakken" in answer.text
    assert promise_of(site, customer).holder_id == id_of(site, "noor")
    noor.post(f"/desk/promises/{promise.id}/keep").raise_for_status()


def test_the_lists_say_who_has_what_and_mine_come_first(site: Site) -> None:
    _, noor, _ = made(site, "mijn eigen belofte staat vooraan", due_at=in_hours(60))
    hers, sam, late = made(site, "belofte van een collega", who="sam")
    site.write(lambda s: s.get_one(Promise, late.id).sqlmodel_update({"due_at": now() - timedelta(hours=2)}))
    text = noor.get("/desk/queue").text
    promised = text[text.index("promises-title") : text.index("team-title")]
    own, other = promised.index("mijn eigen belofte"), promised.index("belofte van een collega")
    assert own < other
    assert "Sam Peeters" in promised[other:]
    assert re.search(r'data-state="late"(?!.*data-tell=)[^>]*hx-get="/desk/' + re.escape(hers.id), promised)
    waiting_mine = text[text.index("mine-title") : text.index("promises-title")]
    assert "mijn eigen belofte" not in waiting_mine  # it rests: nothing to do but keep it
    team = text[text.index("team-title") :]
    assert "Sam Peeters" in team
    assert "belofte van een collega" in team
    theirs = sam.get("/desk/queue").text
    assert re.search(r'data-tell="Te laat met wat beloofd is aan belofte van een collega', theirs)
    hers.say("ik heb nog een vraag")
    again = sam.get("/desk/queue").text
    assert "belofte van een collega" in again[again.index("mine-title") : again.index("promises-title")]


def test_a_promise_marks_the_part_that_is_read_again(site: Site) -> None:
    customer, noor = mine(site, "lees de belofte opnieuw")
    path = f"/desk/{customer.id}/new"
    assert 'id="promise"' not in noor.get(path, params={"after": 99, "mode": "mine"}).text
    noor.post(f"/desk/{customer.id}/promise", data={"client_id": "p", "due_at": in_hours(9)}).raise_for_status()
    changed = noor.get(path, params={"after": 99, "mode": "mine"}).text
    mark = re.findall(r'id="promise"[^>]*hx-swap-oob[^>]*>\s*<div data-mark="([^"]+)"', changed)[0]
    assert 'id="promise"' not in noor.get(path, params={"after": 99, "mode": "mine", "promise": mark}).text


# Times


AT = datetime.fromisoformat("2026-11-22T14:07:30+00:00")


def test_a_day_and_a_time_are_on_the_shops_clock(site: Site) -> None:
    def read(**form: str) -> Any:
        kind = form.pop("kind", "answer")
        return site.write(lambda s: chosen(s, TimeForm(**form), kind, AT))

    assert read(day="2026-11-23", until="17:00") == (None, datetime.fromisoformat("2026-11-23T16:00:00+00:00"))
    assert read(day="2027-06-01", until="17:00")[1] == datetime.fromisoformat("2027-06-01T15:00:00+00:00")
    call = read(kind="call", day="2026-11-23", start="15:00", until="16:30")
    assert call[0] == datetime.fromisoformat("2026-11-23T14:00:00+00:00")
    with pytest.raises(BadTime) as wrong:
        read(kind="call", day="2026-11-23", start="17:00", until="16:30")
    assert wrong.value.why == "order"


def test_a_call_today_begins_at_a_quarter_that_is_still_to_come() -> None:
    assert window_of(AT + timedelta(hours=1), AT).minute == 15
    assert window_of(AT + timedelta(hours=9), AT) == AT + timedelta(hours=7)
    soon = AT + timedelta(minutes=5)
    assert window_of(soon, AT) < soon


def test_many_promises_and_conversations_are_listed_quickly(site: Site) -> None:
    sams = id_of(site, "sam")

    def fill(session: Session) -> None:
        for n in range(220):
            id_ = f"veel{n}"
            about = {"token_hash": "", "token_salt": "", "language": "nl", "owner": "agent", "agent_id": sams}
            session.add(Conversation(id=id_, question=f"nummer {n}", **about))
            session.flush()
            session.add(
                Promise(conversation_id=id_, client_id="p", holder_id=sams, due_at=now() + timedelta(hours=n + 100))
            )

    site.write(fill)
    found = site.write(lambda s: lists(s, id_of(site, "noor"), "nl", now()))
    assert len(found.promises) == 200
    assert sum(len(holder.items) for holder in found.team) == 100
    assert found.team_total >= 220
    assert "En nog " in as_person(site, "noor").get("/desk/queue").text
    assert len(site.write(promises.open_list)) == 200
