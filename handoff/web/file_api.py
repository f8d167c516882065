"""Sending files, and opening them: the customer's and the agent's routes, and the signed address for both."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from sqlmodel import Session
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from handoff import conversations, files
from handoff.desk_models import File
from handoff.files import MAX_FILE, Checked, Unfit
from handoff.incoming import MAX_TEXT, Words
from handoff.models import Message
from handoff.scan import CLEAN, REFUSED, scanned
from handoff.state import State
from handoff.turns import take_turns
from handoff.web import shapes
from handoff.web.customer import open_for
from handoff.web.edge import Agent, It, Token, from_embedding_site
from handoff.web.guards import MAX_UPLOAD
from handoff.web.limited import count

router = APIRouter()
ClientId = Annotated[Words, Query(min_length=1, max_length=64, description="The sender's own; the same for a resend.")]
FileId = Annotated[str, Path(max_length=64)]
ALONE = "sandbox; default-src 'none'"
FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "JPEG, PNG, WebP, GIF or PDF."},
                        "caption": {"type": "string", "maxLength": MAX_TEXT},
                    },
                }
            }
        },
    }
}


@router.post(
    "/api/v1/conversations/{conversation_id}/files",
    status_code=201,
    tags=["customer"],
    openapi_extra=FORM,
    dependencies=[Depends(from_embedding_site)],
)
async def from_customer(
    request: Request, it: It, conversation_id: str, token: Token, client_id: ClientId
) -> dict[str, Any]:
    """Send a photo or a PDF of at most 10 MB; the stored message. The same `client_id` again is the same message."""
    await open_for(it, request, conversation_id, token)
    earlier = await it.read(conversations.sent_before, conversation_id, "customer", client_id)
    if earlier is not None:
        return await _form(it, earlier)
    await count(request, "files", "address", conversation_id=conversation_id)
    checked, caption = await taken(it, request)
    message, received = await it.write(files.receive, conversation_id, client_id, checked, caption)
    if received.fresh:
        it.changed(conversation_id)
    if received.wants_turn:
        it.background(take_turns(it, conversation_id))
    return await _form(it, message)


@router.post(
    "/api/v1/desk/conversations/{conversation_id}/files", status_code=201, tags=["desk"], openapi_extra=FORM
)
async def from_agent(
    request: Request,
    it: It,
    person: Agent,
    conversation_id: str,
    client_id: ClientId,
    note: Annotated[bool, Query(description="Put it in a note, which only agents see.")] = False,
) -> dict[str, Any]:
    """Send the customer a photo or a PDF of at most 10 MB, or put it in a note; the stored message."""
    kind = conversations.NOTE if note else files.KIND
    earlier = await it.read(files.sent, conversation_id, person, client_id, kind)
    if earlier is not None:
        return await _form(it, earlier)
    checked, caption = await taken(it, request)
    message = await it.write(files.send, conversation_id, person, client_id, checked, caption, note=note)
    it.changed(conversation_id)
    return await _form(it, message)


async def _form(it: State, message: Message) -> dict[str, Any]:
    return (await it.read(shapes.message_list, [message]))[0]


async def taken(it: State, request: Request) -> tuple[Checked, str]:
    """The file of a form and its caption, read only now that the caller is known. Unfit where it cannot be taken."""
    name, data, caption = await _read(request)
    found = await scanned(it.settings.upload_scan_command, data)
    if found != CLEAN:
        raise Unfit("scan" if found == REFUSED else "unchecked")
    async with it.pictures:
        return await it.compute(files.check, name, data), caption


async def _read(request: Request) -> tuple[str, bytes, str]:
    """Name, content and caption. A body that is too large is refused as soon as that is seen."""
    length = request.headers.get("content-length", "0")
    if not length.isdigit() or int(length) > MAX_UPLOAD:
        raise Unfit("too_large", limit=MAX_FILE // 2**20)
    try:
        async with request.form(max_files=1, max_fields=4) as form:
            file, caption = form.get("file"), form.get("caption")
            if not isinstance(file, UploadFile):
                raise Unfit("none")
            words = caption.replace("\x00", "") if isinstance(caption, str) else ""
            return file.filename or "", await file.read(), words.encode("utf-8", "ignore").decode()
    except HTTPException:  # no form at all, or a broken one
        raise Unfit("none") from None


@router.get("/files/{file_id}/{access}/{name}", include_in_schema=False)
async def open_signed(it: It, file_id: FileId, access: Annotated[str, Path(max_length=64)], name: str) -> Response:
    """A file by the address that its message bears, from any page: the address is what admits."""
    return _response(await it.read(files.opened, file_id, access), "private, max-age=3600, immutable")


@router.get("/desk/files/{file_id}", include_in_schema=False)
async def open_at_desk(request: Request, it: It, person: Agent, file_id: FileId) -> Response:
    """A file for a signed-in agent, for as long as its message is shown: asked for each time, sent once."""

    def file(session: Session) -> File:
        return files.shown(session, file_id)

    found = await it.read(file)
    if request.headers.get("if-none-match") == f'"{found.id}"':
        return Response(status_code=304, headers={"ETag": f'"{found.id}"', "Cache-Control": "private, no-cache"})
    return _response(found, "private, no-cache")


def _response(file: File, cache: str) -> Response:
    """The file, so that no browser makes more of it than it is: a picture is shown, anything else is saved."""
    how = "inline" if file.width is not None else "attachment"
    headers = {
        "Content-Disposition": f"{how}; filename*=UTF-8''{quote(file.name, safe='')}",
        "Cache-Control": cache,
        "ETag": f'"{file.id}"',
        "Content-Security-Policy": ALONE,
        "Cross-Origin-Resource-Policy": "cross-origin",  # the widget shows it on the shop's own site
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(file.content, media_type=file.media_type, headers=headers)
