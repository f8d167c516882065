"""Ratings over the API, on both databases: what is taken, what is refused, how a low one enters the backlog, and what
colleagues see of it."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlmodel import Session, select

from handoff import conversations, ratings, seeking
from handoff.editor_models import Rating
from handoff.problems import NotFound
from handoff.ratings import Given, NothingRated, NothingSaid, Recommended
from kb.models import Question, now

from .app import Customer, client_of, new_customer, signed_in

ASKED = "hoe lang duurt de levering"
NL = {"Accept-Language": "nl"}


async def answered(app: FastAPI, **about: Any) -> Customer:
    """A customer whom the bot answered."""
    customer = await new_customer(client_of(app), **about)
    await customer.send(ASKED)
    await customer.reply("answer")
    return customer


async def rates(customer: Customer, body: Any, token: str | None = None) -> tuple[int, Any]:
    """The status and the body of the answer to a rating."""
    headers = {"Authorization": f"Bearer {token}"} if token else customer.headers
    answer = await customer.client.post(f"{customer.path}/rating", json=body, headers=headers)
    return answer.status_code, answer.json()


async def kept(app: FastAPI) -> list[tuple[int | None, bool | None, str]]:
    def look(session: Session) -> list[tuple[int | None, bool | None, str]]:
        return [(r.score, r.solved, r.words) for r in session.exec(select(Rating)).all()]

    return await app.state.it.read(look)  # type: ignore[no-any-return]


async def reasons(app: FastAPI, customer: Customer) -> list[str]:
    """Why its questions are in the backlog, once it was sought through."""
    await seeking.seek(app.state.it, customer.id)

    def look(session: Session) -> list[str]:
        return list(session.exec(select(Question.reason).where(Question.conversation_id == customer.id)).all())

    return await app.state.it.read(look)  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("body", "stored"),
    [
        ({"score": 6, "solved": False, "words": "Lang gewacht."}, (6, False, "Lang gewacht.")),
        ({"score": 0}, (0, None, "")),
        ({"score": 10, "solved": None, "words": ""}, (10, None, "")),
        ({"solved": True}, (None, True, "")),
        ({"words": "  Dank je 👍🏽 שלום <b>x</b> {{ y }}  "}, (None, None, "Dank je 👍🏽 שלום <b>x</b> {{ y }}")),
        ({"words": "nul\x00 en half"}, (None, None, "nul en half")),
        ({"score": "7", "solved": "false", "words": "x" * 500, "more": [1]}, (7, False, "x" * 500)),
    ],
)
async def test_what_she_gives_is_stored(app: FastAPI, body: dict[str, Any], stored: tuple[Any, ...]) -> None:
    customer = await answered(app)
    status, said = await rates(customer, body)
    assert (status, (said["score"], said["solved"], said["words"])) == (200, stored)
    assert await kept(app) == [stored]


async def test_again_is_once_and_the_last_one_counts(app: FastAPI) -> None:
    customer = await answered(app)
    rows = len(await customer.messages())
    first = {"score": 2, "solved": False, "words": "nee"}
    answers = await asyncio.gather(*(rates(customer, first) for _ in range(5)))
    assert {status for status, _ in answers} == {200}
    assert await kept(app) == [(2, False, "nee")]
    assert await rates(customer, {"score": 9}) == (200, {"score": 9, "solved": None, "words": ""})
    assert await kept(app) == [(9, None, "")]
    assert len(await customer.messages()) == rows  # no row of the timeline


async def test_secrets_are_taken_out_of_the_words(app: FastAPI) -> None:
    customer = await answered(app)
    words = "Mijn kaart 6036281234567890123 werkt niet, mail noor@voorbeeld.nl of bel 0612345678. Al 2 weken!"
    _, said = await rates(customer, {"words": words})
    for secret in ("6036281234567890123", "noor@voorbeeld.nl", "0612345678"):
        assert secret not in said["words"]
    assert said["words"].endswith("Al 2 weken!")
    assert [row[2] for row in await kept(app)] == [said["words"]]


@pytest.mark.parametrize(
    "body",
    [
        *[{"score": -1}, {"score": 11}, {"score": 3.5}, {"score": 10**30}, {"score": True}],
        *[{"score": "goed"}, {"score": ""}, {"score": []}, {"score": {}}],
        *[{"solved": 2}, {"solved": "misschien"}, {"solved": []}],
        *[{"words": 5}, {"words": None}, {"words": ["a"]}],
        *[[], "8", None],
    ],
)
async def test_what_is_no_rating_is_refused_and_nothing_changes(app: FastAPI, body: Any) -> None:
    customer = await answered(app)
    await rates(customer, {"score": 8})
    status, said = await rates(customer, body)
    assert (status, said["status"]) == (422, 422)
    assert said["detail"]
    assert await kept(app) == [(8, None, "")]


@pytest.mark.parametrize("body", [{}, {"score": None}, {"words": " \n "}])
async def test_nothing_given_is_said_so(app: FastAPI, body: dict[str, Any]) -> None:
    customer = await answered(app, language="nl")
    status, said = await rates(customer, body)
    assert (status, said["detail"]) == (422, "Kies een cijfer, zeg of het is opgelost, of typ een paar woorden.")
    assert await kept(app) == []


async def test_too_much_is_refused_in_her_language(app: FastAPI) -> None:
    customer = await answered(app, language="en")
    status, said = await rates(customer, {"score": 3, "words": "👻" * 501})
    assert status == 422
    assert said["detail"].startswith("Your message is longer than 500 characters.")
    status, _ = await rates(customer, {"words": "x" * 1_100_000})
    assert status == 413
    assert await kept(app) == []


async def test_where_nothing_was_said_there_is_nothing_to_rate(app: FastAPI) -> None:
    customer = await new_customer(client_of(app), language="nl")
    await customer.send(kind="end")
    status, said = await rates(customer, {"score": 3})
    assert status == 409
    assert "nog niets gevraagd" in said["detail"]
    assert await kept(app) == []


async def test_only_her_own_conversation(app: FastAPI) -> None:
    customer, other = await answered(app), await answered(app)
    stale = customer.token[:-2] + ("aa" if customer.token[-2:] != "aa" else "bb")
    for token in (other.token, stale, "x", "null"):
        assert (await rates(customer, {"score": 1}, token))[0] == 404, token
    path = f"{customer.path}/rating"
    assert (await customer.client.post(path, json={"score": 1})).status_code == 401
    agent = await signed_in(app, "noor")
    assert (await agent.post(path, json={"score": 1})).status_code == 401
    for wrong in ("nobody's", "👻", "x" * 200):
        answer = await customer.client.post(
            f"/api/v1/conversations/{wrong}/rating", json={"score": 1}, headers=customer.headers
        )
        assert answer.status_code == 404, wrong
    assert (await customer.client.get(path, headers=customer.headers)).status_code == 405
    assert await kept(app) == []


async def test_a_low_one_after_an_answer_enters_the_backlog(app: FastAPI) -> None:
    customer = await answered(app)
    assert await reasons(app, customer) == []
    await rates(customer, {"score": 6})
    assert await reasons(app, customer) == ["low_rating"]
    await rates(customer, {"score": 5, "solved": False})
    assert await reasons(app, customer) == ["low_rating"]


@pytest.mark.parametrize("body", [{"score": 7}, {"score": 2, "solved": True}, {"words": "waardeloos"}])
async def test_one_that_is_not_low_does_not(app: FastAPI, body: dict[str, Any]) -> None:
    customer = await answered(app)
    assert (await rates(customer, body))[0] == 200
    assert await reasons(app, customer) == []


async def test_the_app_finds_it_by_itself(app: FastAPI) -> None:
    customer = await answered(app)
    await reasons(app, customer)
    await rates(customer, {"solved": False})
    async with asyncio.timeout(20):
        while not await app.state.it.read(lambda s: s.exec(select(Question.reason)).all()):
            await asyncio.sleep(0.2)


async def test_a_rating_reopens_nothing_and_a_closed_conversation_can_be_rated(app: FastAPI) -> None:
    customer = await answered(app)
    await customer.send(kind="end")
    assert (await customer.until("closed"))["owner"] == "closed"
    assert (await rates(customer, {"score": 4}))[0] == 200
    assert (await customer.look())["owner"] == "closed"
    assert await reasons(app, customer) == ["low_rating"]


async def test_the_agent_sees_it_beside_the_conversation(app: FastAPI) -> None:
    mina = {"identity": {"email": "mina@shop.example"}, "language": "nl"}
    before, customer = await answered(app, **mina), await answered(app, **mina)
    agent = await signed_in(app, "noor")
    api, page = f"/api/v1/desk/conversations/{customer.id}", f"/desk/{customer.id}"
    assert (await agent.get(api)).json()["context"]["rating"] is None
    assert "Beoordeling" not in (await agent.get(page, headers=NL)).text
    await rates(customer, {"score": 6, "solved": False, "words": "<b>lang</b> gewacht"})
    await rates(before, {"score": 9})
    shown = (await agent.get(page, headers=NL)).text
    assert "Beoordeling" in shown
    assert "6/10, niet opgelost" in shown
    assert "&lt;b&gt;lang&lt;/b&gt; gewacht" in shown
    assert "<b>lang</b>" not in shown
    assert "9/10" in shown  # among her earlier ones
    about = (await agent.get(api)).json()["context"]["rating"]
    assert about == {"score": 6, "solved": False, "words": "<b>lang</b> gewacht"}
    (earlier,) = (await agent.get(f"{api}/earlier")).json()["conversations"]
    assert earlier["rating"]["score"] == 9


def test_a_rating_of_words_alone_is_none_in_the_list(session: Session) -> None:
    made, _ = conversations.start(session, language="nl")
    with pytest.raises(NothingSaid):
        ratings.rate(session, made.id, Given(score=1))
    conversations.add(session, conversations.locked(session, made.id), "customer", "text", "hoi")
    with pytest.raises(NothingRated):
        ratings.rate(session, made.id, Given())
    with pytest.raises(NotFound):
        ratings.rate(session, "nobody's", Given(score=1))
    ratings.rate(session, made.id, Given(words="Mijn pin is 1234"))
    assert ratings.form(session, made.id) == {"score": None, "solved": None, "words": "Mijn pin is [pin]"}
    assert conversations.locked(session, made.id).sought_seq == 0


def rated(session: Session, scores: list[int | None], days_ago: int = 1) -> None:
    """Conversations that were rated so."""
    for score in scores:
        made, _ = conversations.start(session, language="nl")
        rating = Rating(conversation_id=made.id, score=score, solved=True, at=now() - timedelta(days=days_ago))
        session.add(rating)
    session.flush()


def test_the_score_is_promoters_minus_detractors(session: Session) -> None:
    assert ratings.recommended(session, now()) == Recommended(0, 0, 0)
    rated(session, [10, 9, 9, 10, 8, 7, 6, 0, None])
    rated(session, [0] * 5, days_ago=91)
    few = ratings.recommended(session, now())
    assert (few, few.nps) == (Recommended(8, 4, 2), None)
    rated(session, [7, 8])
    assert ratings.recommended(session, now()).nps == 20
    rated(session, [None, None])  # who gave no score counts for nothing
    assert ratings.recommended(session, now()).nps == 20


@pytest.mark.parametrize(("of", "nps"), [((10, 10, 0), 100), ((10, 0, 10), -100), ((9, 9, 0), None), ((12, 4, 3), 8)])
def test_what_is_a_score_and_what_is_too_few(of: tuple[int, int, int], nps: int | None) -> None:
    assert Recommended(*of).nps == nps


async def test_editors_see_the_score_on_the_care_page(app: FastAPI) -> None:
    editor = await signed_in(app, "els")
    assert "een cijfer gegeven" not in (await editor.get("/review/care", headers=NL)).text
    await app.state.it.write(rated, [3])
    assert "1 klant heeft" in (await editor.get("/review/care", headers=NL)).text
    await app.state.it.write(rated, [10, 10, 10, 10, 9, 7, 7, 8, 2])
    page = (await editor.get("/review/care", headers=NL)).text
    assert "10 klanten hebben" in page
    assert "aanbevelingsscore (NPS): +30" in page
