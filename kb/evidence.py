"""What the knowledge base found for a question: a verdict, how sure it is, and the entries behind it."""

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

Verdict = Literal["answer", "clarify", "partly", "unknown", "off_topic"]
VERDICTS: tuple[str, ...] = get_args(Verdict)


@dataclass(frozen=True)
class Candidate:
    """An entry that might answer. `probability` is calibrated, `similarity` the centred cosine (-1 to 1)."""

    key: str
    language: str
    question: str
    probability: float
    similarity: float


@dataclass(frozen=True)
class Evidence:
    """What was found for one message.

    `probability` is the calibrated chance that `entry`, the best one, answers; `options` are the keys to
    offer on `clarify` (at most 3); `candidates` at most 5, best first; `parts` one evidence for each question
    of a message that asks several; `repeats` how alike the message is to one of the customer's own earlier
    questions (0 to 1, see `kb.base.Base.ask`).
    """

    verdict: Verdict
    probability: float
    entry: str | None
    options: tuple[str, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    parts: tuple["Evidence", ...] = ()
    repeats: float = 0.0

    def for_bot(self) -> dict[str, Any]:
        """The `kb` object of a message's metadata, as the bot reads it: no texts, only keys and figures."""
        return {
            "verdict": self.verdict,
            "probability": round(self.probability, 4),
            "entry": self.entry,
            "options": list(self.options),
            "parts": [part.for_bot() for part in self.parts],
            "repeats": round(self.repeats, 4),
        }

    def as_dict(self) -> dict[str, Any]:
        """Everything, as what JSON can hold; `from_dict` reads it back."""
        whole = self.for_bot()
        whole["candidates"] = [
            asdict(c) | {"probability": round(c.probability, 4), "similarity": round(c.similarity, 4)}
            for c in self.candidates
        ]
        whole["parts"] = [part.as_dict() for part in self.parts]
        return whole

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Evidence":
        """The evidence that `as_dict` (or `for_bot`) wrote. ValueError when it is no evidence."""
        try:
            if data["verdict"] not in VERDICTS:
                raise ValueError(f"{data['verdict']!r} is no verdict")
            return cls(
                verdict=data["verdict"],
                probability=float(data["probability"]),
                entry=data["entry"],
                options=tuple(data.get("options", ())),
                candidates=tuple(Candidate(**c) for c in data.get("candidates", ())),
                parts=tuple(cls.from_dict(part) for part in data.get("parts", ())),
                repeats=float(data.get("repeats", 0.0)),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"not an evidence: {error}") from error
