"""What a row of the catalogue says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Auth(StrEnum):
    """What a provider takes beside a plain key; see cloud.py for how each is written."""

    KEY = "key"
    """Nothing."""
    AWS = "aws"
    """Requests signed with AWS keys, Signature Version 4."""
    GOOGLE = "google"
    """Tokens bought with a service account's key."""
    AZURE = "azure"
    """Tokens bought by an application in Entra ID."""


@dataclass(frozen=True, slots=True)
class Quirks:
    """Where a provider's chat differs from the dialect it is said to speak. Only translated calls are bent to it."""

    max_tokens_field: str = "max_tokens"
    """What it calls the output cap; OpenAI itself and few others know `max_completion_tokens`."""
    reasoning_content: bool = False
    """It takes a model's thoughts back in `reasoning_content`."""
    asks_stream_usage: bool = True
    """A stream says its usage only when `stream_options` asks; False: it does unasked, or refuses to be asked."""
    rename: Mapping[str, str] = field(default_factory=dict)
    """Members of a translated body it knows under another name."""
    drop: frozenset[str] = frozenset()
    """Members of a translated body it refuses; what is left out is reported to the caller."""


@dataclass(frozen=True, slots=True)
class ProviderSpec:
    """One kind of upstream API."""

    kind: str
    title: str
    base_url: str | None
    """Where it answers, with the path prefix that its own SDK has in its base URL; None: it must be configured."""
    dialects: frozenset[str]
    """The dialects it speaks itself, so that a call in one of them passes byte for byte."""
    chat: str | None
    """The dialect that calls in any other one are translated to; None: it has no chat."""
    source: str
    """Where the facts of this row come from: the page of its documentation."""
    auth_header: str = "authorization"
    """The header it reads its secret from; `authorization` takes a bearer token."""
    auth: Auth = Auth.KEY
    template: str | None = None
    """The shape of its base URL where that names an account, as `https://{account}.example.com/v1`."""
    paths: Mapping[str, str] = field(default_factory=dict)
    """Paths below the base URL, by dialect, where they are not the dialect's own. `{model}` stands for the model,
    `{verb}` for what follows the colon in the dialect's own path, `{predict}` for Vertex's word for calling or
    streaming."""
    in_body: Mapping[str, str] = field(default_factory=dict)
    """Members that every request's body must hold, unless the caller's holds them."""
    model_in_path: bool = False
    """The path names the model, so that a body which names it too is refused: it is taken out."""
    query: str | None = None
    """Added to every request's query unless the caller's has a parameter of that name, such as `api-version=…`."""
    quirks: Quirks = field(default_factory=Quirks)
    price_kind: str | None = None
    """The name the price table knows it by; None: the table does not know it, so only an admin can price it."""
    needs_secret: bool = True
    allow_private: bool = False
    """Its address may be private without an admin's word: it is part of this program, or runs on one's own machine."""
