"""Limits on routes: who does something too often is told when to try again (429 and Retry-After), and nothing is done.

On a route that an address alone is counted for, as a dependency; there the caller need not be known yet:

    @router.post("/api/v1/identity", dependencies=[limited("identity")])

A route of a conversation calls `count` once its token is known to be right, so that nobody uses up another's.
"""

import logging
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from fastapi import Depends, Request
from starlette.requests import HTTPConnection

from handoff.problems import TooMany
from handoff.web.edge import state

log = logging.getLogger(__name__)
# Whose each rate of `settings.RATES` is.
WHOSE = {
    "starts": "address", "messages": "conversation", "address": "address", "files": "conversation",
    "mails": "conversation", "address_mails": "address", "logins": "account", "address_logins": "address",
    "faq": "address", "helped": "address", "identity": "address",
}  # fmt: skip
PROXY = "An app or proxy at %s says for whom it asks; it is not believed, and all its callers count as one. Is it your own? Then name it in TRUSTED_PROXIES."  # noqa: E501


def address_of(connection: HTTPConnection) -> str:
    """The caller's address, as far as it is one customer's: of IPv6 the network of 64 bits, which a household has.

    What a proxy says was put in its place before this, where TRUSTED_PROXIES names it (see `app.create_app`).
    """
    host = connection.client.host if connection.client else ""
    try:
        found = ip_address(host.partition("%")[0])
    except ValueError:
        return host  # a Unix socket's, or a test's
    if not isinstance(found, IPv6Address):
        return str(found)
    return str(found.ipv4_mapped or ip_network((found, 64), strict=False))


async def count(connection: HTTPConnection, *rates: str, conversation_id: str = "", account: str = "") -> None:
    """Count what is about to be done, under each of these rates. TooMany where one of them does not allow it now."""
    it, address = state(connection), address_of(connection)
    _look_for_proxy(connection, address)
    whose = {"address": address, "conversation": conversation_id, "account": f"{address} {account.strip().lower()}"}
    after_s = await it.rates.wait_s(*((rate, whose[WHOSE[rate]]) for rate in rates))
    if after_s:
        raise TooMany(after_s)


def limited(*rates: str) -> Any:
    """A dependency that counts a request under rates of its address, before anything else is done with it."""
    if wrong := [rate for rate in rates if WHOSE[rate] != "address"]:
        raise ValueError(f"{', '.join(wrong)}: not an address's")

    async def dependency(request: Request) -> None:
        await count(request, *rates)

    return Depends(dependency)


def _look_for_proxy(connection: HTTPConnection, address: str) -> None:
    """Say once that a proxy nobody named may stand between: then all customers share one address's limits."""
    it = state(connection)
    if not it.settings.trusted_proxies and "x-forwarded-for" in connection.headers and not it.rates.saw_proxy:
        it.rates.saw_proxy = True
        log.warning(PROXY, address)
