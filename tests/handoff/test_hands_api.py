"""Split, merge, move and title over the editors' API: roles, revisions, and nothing lost on bad input."""

from typing import Any

import httpx
import numpy as np
import pytest
from fastapi import FastAPI
from sqlmodel import Session

from kb import backlog
from kb.models import now

from .app import client_of, signed_in

PATH = "/api/v1/review/groups"


@pytest.fixture
async def groups(app: FastAPI) -> list[int]:
    """A group of three questions and one of one."""

    def fill(session: Session) -> list[int]:
        found = []
        width = len(app.state.it.base.vector(""))
        for number in range(4):
            vector = np.eye(width, dtype=np.float32)[number // 3]
            prepared = backlog.Prepared(f"vraag nummer {number}", "nl", vector, 0.1)
            question = backlog.record(
                session, prepared, conversation_id=f"c{number}", seq=1, language="nl", reason="unknown", evidence={},
                at=now(),
            )  # fmt: skip
            found.append(question.group_id)
        return list(dict.fromkeys(found))

    return list(await app.state.it.write(fill))


async def members(editor: httpx.AsyncClient, group: int) -> list[int]:
    found: dict[str, Any] = (await editor.get(f"{PATH}/{group}")).json()
    return sorted(question["id"] for question in found["questions"])


async def test_an_editor_splits_merges_moves_and_names(app: FastAPI, groups: list[int]) -> None:
    els = await signed_in(app, "els")
    three, one = groups
    first, *others = await members(els, three)
    done = await els.post(f"{PATH}/{three}/split", json={"questions": others})
    assert done.status_code == 200, done.text
    new = done.json()["group"]
    assert (new["count"], done.json()["others"][0]["count"]) == (2, 1)
    back = (await els.post(f"{PATH}/{three}/merge", json={"groups": [new["id"], one]})).json()
    assert (back["group"]["count"], [o["status"] for o in back["others"]]) == (4, ["merged", "merged"])
    assert (await els.post(f"{PATH}/{one}/unmerge")).json()["count"] == 1
    moved = await els.post(f"{PATH}/{one}/questions", json={"questions": [first]})
    assert moved.json()["count"] == 2
    named = await els.post(f"{PATH}/{one}/title", json={"title": "Pin weg 😀 مرحبا"})
    assert (named.json()["title"], named.json()["title_set"]) == ("Pin weg 😀 مرحبا", True)
    parts = (await els.get(f"{PATH}/{one}/split")).json()["parts"]
    assert sorted(map(len, parts)) == [1, 1]
    stale = await els.post(f"{PATH}/{one}/title", json={"title": "x"}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("split", {"questions": []}, 422),
        ("split", {"questions": ["x"]}, 422),
        ("split", {"questions": [10**12]}, 422),
        ("split", {"questions": [999]}, 422),
        ("split", {"questions": [1, 2, 3]}, 422),
        ("merge", {"groups": [999]}, 404),
        ("merge", {"groups": list(range(1, 6000))}, 422),
        ("questions", {"questions": [999]}, 404),
        ("unmerge", None, 422),
        ("title", {"title": "x" * 301}, 422),
        ("title", {"title": 7}, 422),
    ],
)
async def test_bad_input_changes_nothing(
    app: FastAPI, groups: list[int], path: str, body: dict[str, Any] | None, status: int
) -> None:
    els = await signed_in(app, "els")
    before = (await els.get(PATH)).json()
    answer = await els.post(f"{PATH}/{groups[0]}/{path}", json=body)
    assert answer.status_code == status, answer.text
    assert (await els.get(PATH)).json() == before
    assert (await els.post(f"{PATH}/999/title", json={"title": "x"})).status_code == 404


async def test_hands_are_for_editors(app: FastAPI, groups: list[int]) -> None:
    noor, ada, nobody = await signed_in(app, "noor"), await signed_in(app, "ada"), client_of(app)
    for path, body in (
        ("split", {"questions": [1]}),
        ("merge", {"groups": [groups[1]]}),
        ("unmerge", None),
        ("questions", {"questions": [4]}),
        ("title", {"title": "x"}),
    ):
        assert (await noor.post(f"{PATH}/{groups[0]}/{path}", json=body)).status_code == 403
        assert (await nobody.post(f"{PATH}/{groups[0]}/{path}", json=body)).status_code == 401
    assert (await noor.get(f"{PATH}/{groups[0]}/split")).status_code == 403
    assert (await ada.post(f"{PATH}/{groups[0]}/title", json={"title": "x"})).status_code == 200


@pytest.mark.parametrize("number", ["99999999999", "9" * 30, "0", "-1"])
async def test_a_number_that_no_group_can_have(app: FastAPI, number: str) -> None:
    els = await signed_in(app, "els")
    assert (await els.get(f"{PATH}/{number}")).status_code == 422
    assert (await els.post(f"{PATH}/{number}/reopen")).status_code == 422
    assert (await els.get(f"/review/groups/{number}")).status_code == 404
    assert (await els.post(f"/review/groups/{number}/reopen")).status_code == 422
