"""The app, wired in one place. `create_app(settings)` is all there is to it."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import anyio
import httpx
from fastapi import FastAPI, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import RedirectResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.responses import Response
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from handoff import entry_days, hiding, logged, postman, problems, seeking, upkeep
from handoff.db import make_engine
from handoff.keep_telling import keep_telling
from handoff.live import make_bus
from handoff.pushing import keep_pushing
from handoff.rates import Rates
from handoff.reminders import keep_reminding
from handoff.routing import keep_routing
from handoff.settings import ROOT, Settings
from handoff.state import State
from handoff.telling import keep_waits
from handoff.texts import languages, shipped
from handoff.turns import sweep
from handoff.web import (
    account,
    account_pages,
    approving_pages,
    asked_api,
    canned_api,
    canned_pages,
    care_pages,
    contact_api,
    customer,
    desk,
    desk_closing,
    desk_drafts,
    desk_pages,
    desk_promises,
    desk_side,
    desk_side_api,
    desk_socket,
    face_pages,
    faq_pages,
    file_api,
    hands_api,
    health,
    hiding_api,
    history_pages,
    hours_api,
    identity_api,
    import_api,
    import_pages,
    knowledge,
    login_pages,
    no_mail_pages,
    password_pages,
    people_pages,
    promises_api,
    rating_api,
    reopen_pages,
    reports_pages,
    review,
    review_pages,
    routing_pages,
    seen_api,
    settings_pages,
    shop_pages,
    sockets,
    told_pages,
    topic_pages,
    transcript_api,
    wait_api,
    webhook_pages,
    words,
)
from handoff.web.edge import SeeOther
from handoff.web.guards import BodyLimit, SecurityHeaders
from handoff.web.page_errors import error_page
from kb.base import Base
from kb.calibrate import OUT_OF_SCOPE_SHARE
from kb.encoder import WORKERS, BatchingEncoder, load_encoder

log = logging.getLogger(__name__)
THREADS = 24
TURNS_AT_ONCE = 32
AT_THE_BOT = 4
# What runs beside the requests, until the app stops.
BESIDE = (
    sweep,
    keep_routing,
    keep_waits,
    upkeep.follow_lookers,
    keep_reminding,
    keep_telling,
    upkeep.follow_kb,
    upkeep.follow_traffic,
    upkeep.empty_trackers,
    hiding.blank_hidden,
    postman.send_mail,
    keep_pushing,
    entry_days.keep_views,
    seeking.keep_seeking,
    logged.keep_looking,
)
ROUTERS = (
    health.router,
    customer.router,
    identity_api.router,
    contact_api.router,
    transcript_api.router,
    seen_api.router,
    rating_api.router,
    sockets.router,
    desk_socket.router,
    account.router,
    desk.router,
    promises_api.router,
    file_api.router,
    hiding_api.router,
    review.router,
    hands_api.router,
    words.router,
    hours_api.router,
    wait_api.router,
    import_api.router,
    knowledge.router,
    shop_pages.router,
    faq_pages.router,
    reopen_pages.router,
    no_mail_pages.router,
    login_pages.router,
    password_pages.router,
    asked_api.pages,
    desk_pages.router,
    desk_promises.router,
    desk_closing.router,
    desk_drafts.router,
    desk_drafts.api,
    desk_side.router,
    desk_side_api.router,
    reports_pages.router,
    care_pages.router,
    history_pages.router,
    import_pages.router,
    review_pages.router,
    settings_pages.router,
    approving_pages.router,
    webhook_pages.router,
    people_pages.router,
    account_pages.router,
    face_pages.router,
    face_pages.images,
    canned_api.router,
    asked_api.router,
    canned_pages.router,
    routing_pages.router,
    topic_pages.router,
    told_pages.router,
)


def create_app(settings: Settings) -> FastAPI:
    """The app for these settings. The database must have been migrated; nothing is opened before it starts."""
    for language in languages():  # a file that cannot be read is said now, not to a customer
        shipped(language)
    app = FastAPI(
        title="Rechtdoor",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        lifespan=_running,
    )
    app.state.it = make_state(settings)
    problems.install(app)
    app.add_exception_handler(SeeOther, _see_other)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_middleware(BodyLimit)
    app.add_middleware(GZipMiddleware, minimum_size=500)
    app.add_middleware(SecurityHeaders)
    if settings.allowed_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.allowed_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key"],
            expose_headers=["Retry-After"],
        )
    if settings.trusted_proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=settings.trusted_proxies)
    for router in ROUTERS:
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=ROOT / "handoff" / "static"), name="static")
    return app


def create() -> FastAPI:
    """The app for the settings of the environment: what `uvicorn --factory handoff.app:create` calls."""
    settings = Settings()
    logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel("WARNING")
    return create_app(settings)


def make_state(settings: Settings) -> State:
    """What an app for these settings holds; nothing runs yet, and the knowledge base is not open."""
    engine = make_engine(settings.database_url)
    return State(
        settings=settings,
        engine=engine,
        bus=make_bus(settings.redis_url),
        rates=Rates(settings),
        client=httpx.AsyncClient(base_url=settings.bot_address, timeout=settings.bot_timeout_s),
        threads=anyio.CapacityLimiter(THREADS),
        writers=anyio.CapacityLimiter(1 if engine.dialect.name == "sqlite" else THREADS),
        turns=asyncio.Semaphore(TURNS_AT_ONCE),
        at_the_bot=asyncio.Semaphore(AT_THE_BOT),
    )


@asynccontextmanager
async def _running(app: FastAPI) -> AsyncIterator[None]:
    """Open the knowledge base, run what runs beside the requests, and close everything at the end."""
    it: State = app.state.it
    encoder = await it.compute(
        lambda: BatchingEncoder(
            load_encoder(it.settings.embedding_model, it.settings.cache_dir), workers=WORKERS
        )
    )
    share = it.settings.out_of_scope_share or OUT_OF_SCOPE_SHARE
    memory = it.settings.cache_dir / "vectors"
    it.loaded = await it.read(lambda session: Base.open(encoder, session, memory=memory, out_of_scope_share=share))
    async with it.bus.running():
        it.warming = it.background(upkeep.warm(it))
        beside = [it.warming, *(it.background(work(it)) for work in BESIDE)]
        try:
            yield
        finally:
            await _stop(it, beside)
            encoder.close()


async def _stop(it: State, beside: list[asyncio.Task[None]]) -> None:
    """Let turns end for a moment, then stop what is left: the sweep of the next start takes it up."""
    for task in beside:
        task.cancel()
    if turns := it.tasks - set(beside):
        await asyncio.wait(turns, timeout=0.2)
    for task in it.tasks - set(beside):  # once each: the postman notes what was sent before it obeys
        task.cancel()
    with suppress(asyncio.CancelledError):
        await asyncio.gather(*it.tasks, return_exceptions=True)
    await it.client.aclose()
    await it.rates.close()
    it.engine.dispose()


async def _http_error(request: Request, error: Exception) -> Response:
    """An unknown address or method: a page for a browser that wants one, else problem details."""
    assert isinstance(error, HTTPException)  # noqa: S101 - the handler is registered for this type alone
    if not request.url.path.startswith("/api/") and "text/html" in request.headers.get("accept", ""):
        return await error_page(request, error.status_code)
    return problems.problem_response(error.status_code, str(error.detail), dict(error.headers or {}))


async def _see_other(_request: Request, error: Exception) -> Response:
    assert isinstance(error, SeeOther)  # noqa: S101 - the handler is registered for this type alone
    return RedirectResponse(error.location, status_code=303)
