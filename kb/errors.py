"""What can go wrong in the knowledge base, each with a sentence that can be shown to an editor."""


class KbError(Exception):
    """Base of every error raised on purpose by this package."""


class NotFound(KbError):
    """What was asked for does not exist (or no longer does)."""


class Stale(KbError):
    """Somebody else changed it first: the revision given is not the present one."""


class Exists(KbError):
    """There is one already under this key and language."""


class Invalid(KbError):
    """Input that cannot be accepted, said in plain words.

    ``line`` is the line of the file it was found on (from 1), or None when there is no file.
    """

    def __init__(self, message: str, *, line: int | None = None) -> None:
        super().__init__(message if line is None else f"line {line}: {message}")
        self.message = message
        self.line = line
