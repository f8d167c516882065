"""A customer's language as routes take it: one that there are texts in."""

from typing import Annotated

from fastapi import Request
from pydantic import AfterValidator

from handoff.problems import Invalid
from handoff.texts import languages
from handoff.web.rendering import wished


def _known(language: str) -> str:
    if language not in languages():
        raise ValueError(f"There are texts in {', '.join(languages())}.")
    return language


Language = Annotated[str, AfterValidator(_known)]


def known_language(language: str, otherwise: str) -> str:
    """`language`, or `otherwise` where it is empty. Invalid for one that there are no texts in."""
    try:
        return _known(language or otherwise)
    except ValueError as error:
        raise Invalid(str(error)) from None


def reader_language(request: Request) -> str:
    """The language of who reads a customers' page: `?language=`, the cookie, what the browser asks for, the shop's."""
    return wished(request, languages()) or str(request.app.state.it.settings.default_language)
