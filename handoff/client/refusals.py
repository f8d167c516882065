"""What can go wrong, each kind with a class of its own, from the API's problem details (RFC 9457)."""

from typing import Any


class Problem(Exception):
    """What the server refused. `detail` is in words for the customer, `code` for programs where there is one.

    `errors` say what was wrong with which field; `retry_after` are the seconds to wait, where the server says so.
    """

    def __init__(self, status: int, body: dict[str, Any], retry_after: float | None = None) -> None:
        self.status, self.retry_after = status, retry_after
        self.detail, self.code = str(body.get("detail", "")), str(body.get("code", ""))
        self.errors: list[dict[str, str]] = body.get("errors") or []
        super().__init__(f"{status} {self.detail}".strip())


class Unauthorized(Problem):
    """401: no token, or an identity token that is not in force."""


class Forbidden(Problem):
    """403: not from this site."""


class NotFound(Problem):
    """404: the conversation is not there, or its token is another's. Begin a new one."""


class Conflict(Problem):
    """409: not any more, or not now."""


class TooLarge(Problem):
    """413: more than can be taken."""


class Invalid(Problem):
    """422: it cannot be taken as it is; sent again it never will be."""


class TooMany(Problem):
    """429: too often; again after `retry_after` seconds."""


class Unavailable(Problem):
    """No answer (status 0), or one that is the server's fault: it may go well later."""


KINDS: dict[int, type[Problem]] = {
    401: Unauthorized, 403: Forbidden, 404: NotFound, 409: Conflict, 413: TooLarge, 422: Invalid, 429: TooMany
}  # fmt: skip
