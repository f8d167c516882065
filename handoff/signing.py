"""Signing what goes to the shop's own server, after the Standard Webhooks specification 1.0.0."""

import base64
import binascii
import hmac

PREFIX = "whsec_"
LENGTHS = range(24, 65)  # bytes of a secret


def keys(secret: str) -> list[bytes]:
    """The keys in a setting: one, or more with spaces between them. ValueError, which names none, where one is not."""
    return [_key(part) for part in secret.split()]


def _key(part: str) -> bytes:
    try:
        found = base64.b64decode(part.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        found = b""
    if not part.startswith(PREFIX) or len(found) not in LENGTHS:
        raise ValueError("a webhook's secret is “whsec_” and 24 to 64 bytes in Base64")
    return found


def signature(secret: str, webhook_id: str, timestamp: int, body: bytes) -> str:
    """The value of the header `webhook-signature`: one signature for each key, the first key's first."""
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    return " ".join(f"v1,{_base64(hmac.digest(key, signed, 'sha256'))}" for key in keys(secret))


def headers(secret: str, webhook_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers of one try; `timestamp` is that of the try, in seconds since 1970."""
    return {
        "content-type": "application/json",
        "user-agent": "Rechtdoor",
        "webhook-id": webhook_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secret, webhook_id, timestamp, body),
    }


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
