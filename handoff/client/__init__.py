"""A small client for the customer's side of Rechtdoor, for an app of your own. The API behind it: docs/api.md.

It needs httpx and websockets and nothing else of this project, so the folder can be copied as it is.

    async with Client("https://chat.your-shop.example") as client:
        talk = await client.start(language="en")
        await talk.send("Where is my parcel?")
        async with aclosing(talk.listen()) as messages:
            async for message in messages:
                print(message["author"], message["text"])

Whatever is sent bears an id of its own, so it can be sent again: what failed on the way is, a few times.
"""

from .chat import Client, Conversation
from .forms import File, Message, Option, State
from .refusals import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Problem,
    TooLarge,
    TooMany,
    Unauthorized,
    Unavailable,
)

__all__ = [
    "Client",
    "Conflict",
    "Conversation",
    "File",
    "Forbidden",
    "Invalid",
    "Message",
    "NotFound",
    "Option",
    "Problem",
    "State",
    "TooLarge",
    "TooMany",
    "Unauthorized",
    "Unavailable",
]
