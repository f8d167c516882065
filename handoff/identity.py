"""Who a customer is, where the shop says so: a token that it signs (JWT, HS256), checked here and nowhere else.

A token that is wrong in any way is refused, never passed over. Nothing that is said of it tells more than what the
customer can do.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import jwt

from handoff.models import Conversation
from handoff.problems import Unauthorized
from handoff.settings import Settings
from kb.models import now

LONGEST_TOKEN = 4096  # characters
LONGEST_FOR = timedelta(days=30)  # a token that is in force for longer is refused: it may be in many a cache by then
LEEWAY = timedelta(seconds=30)  # by which the shop's clock may differ
LONGEST_REF, LONGEST_NAME, LONGEST_EMAIL = 200, 200, 320  # characters
EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


class Unknown(Unauthorized):
    """Base of what is wrong with an identity; `code` is for programs."""

    code = ""

    def __init__(self) -> None:
        super().__init__()
        self.more = {"code": self.code}


class IdentityOff(Unknown):
    """A token, where the shop has set no secret to check it with."""

    text, code = "error.identity_off", "identity_off"


class IdentityBad(Unknown):
    """A token that the shop did not sign, or that does not say what it must; or words beside it that nobody signed."""

    text, code = "error.identity_bad", "identity_bad"


class IdentityExpired(Unknown):
    """A token of the shop's that was in force."""

    text, code = "error.identity_expired", "identity_expired"


class IdentityNeeded(Unknown):
    """No token, where the shop requires one."""

    text, code = "error.identity_needed", "identity_needed"


@dataclass(frozen=True)
class Vouched:
    """A customer as her shop knows her: `ref` is its own id of her; an e-mail address is in lower case."""

    ref: str
    name: str | None = None
    email: str | None = None


def verified(settings: Settings, token: str) -> Vouched:
    """The customer whom `token` names. IdentityOff, IdentityExpired or IdentityBad where it names none."""
    if not settings.identity_secret:
        raise IdentityOff
    if len(token) > LONGEST_TOKEN:
        raise IdentityBad
    try:
        claims = jwt.decode(
            token, settings.identity_secret, ["HS256"], leeway=LEEWAY, options={"require": ["exp", "sub"]}
        )
        if int(claims["exp"]) > (now() + LONGEST_FOR + LEEWAY).timestamp():
            raise IdentityBad
    except jwt.ExpiredSignatureError:
        raise IdentityExpired from None
    except (jwt.PyJWTError, ValueError, RecursionError):  # ValueError: text that is no UTF-8
        raise IdentityBad from None
    email = _words(claims, "email", LONGEST_EMAIL)
    if email is not None and not EMAIL.fullmatch(email):
        raise IdentityBad
    return Vouched(_ref(claims["sub"]), _words(claims, "name", LONGEST_NAME), email.lower() if email else None)


def of_start(settings: Settings, token: str | None, declared: bool) -> Vouched | None:
    """Who begins a conversation, None for somebody whom nobody vouches for; `declared`: she says herself who she is.

    As `verified`; where the shop requires a token, IdentityNeeded without one, IdentityBad for her own words beside it.
    """
    if token is None:
        if settings.identity_required:
            raise IdentityNeeded
        return None
    who = verified(settings, token)
    if declared and settings.identity_required:
        raise IdentityBad
    return who


def _ref(sub: Any) -> str:
    """The shop's id as it is: cleaned, it might be another customer's."""
    if not isinstance(sub, str) or not sub.strip() or len(sub) > LONGEST_REF or _cleaned(sub) != sub:
        raise IdentityBad
    return sub


def _words(claims: dict[str, Any], name: str, longest: int) -> str | None:
    """A claim's words without outer white space; None for none or blank. IdentityBad for no text or too much of it."""
    value = claims.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > longest:
        raise IdentityBad
    return _cleaned(value).strip() or None


def _cleaned(text: str) -> str:
    """Without what no database keeps."""
    return text.replace("\x00", "").encode("utf-8", "ignore").decode("utf-8")


def name_vouched(conversation: Conversation) -> bool:
    """Whether the shop vouches for the name that the conversation bears."""
    return conversation.customer_name is not None and conversation.customer_name == conversation.vouched_name


def email_vouched(conversation: Conversation) -> bool:
    """Whether the shop vouches for the address: not any more where she left another one since."""
    return conversation.customer_email is not None and conversation.customer_email == conversation.vouched_email
