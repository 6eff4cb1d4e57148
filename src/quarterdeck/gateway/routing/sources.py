"""Which route a call takes: the strongest source that names one, or none."""

from quarterdeck.access.routing.parse import Settings
from quarterdeck.gateway.dialects.grammars import GRAMMARS
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.routing import asked
from quarterdeck.gateway.routing.compiled import CompiledRoute, RouteBook

DEFAULT = "default"
"""The saved route of calls that name neither a route nor a provider."""
_PREFIX = "route/"


def route_of(draft: Draft, book: RouteBook) -> CompiledRoute | None:
    """Strongest first: the request's config, the model it writes, its key, its agent, the workspace's default.

    A model written with its provider says where to go by itself, so only the request's own config changes that.
    Raises Refusal for a route that is unknown or cannot be used.
    """
    headers, workspace = draft.headers, draft.workspace
    assert workspace is not None
    if not asked.NO_ROUTING(headers):
        found = book.written.get((workspace.id, headers.get(asked.CONFIG)))
        if found is None or found.whose is not workspace or not asked.NO_SETTINGS(headers):
            found = _asked_for(draft, book)
        if found is not None:
            return found
    key, facts = draft.key, draft.facts
    assert key is not None and facts is not None
    model = facts.model or ""
    if model.startswith(_PREFIX):
        return book.saved(workspace, model.split("/", 2)[1], Settings, b"")
    if not workspace.routes:
        return None
    agent = draft.agent
    name = key.route or (agent.route if agent is not None else None)
    if name is None:
        if DEFAULT not in workspace.routes or draft.endpoint.dialect not in GRAMMARS:
            return None
        name = DEFAULT
    if names_provider(model, draft):
        return None
    return book.saved(workspace, name, Settings, b"")


def names_provider(model: str, draft: Draft) -> bool:
    """Whether a model is written with a provider of this workspace before it."""
    name, slash, _ = model.partition("/")
    if not slash:
        return False
    assert draft.workspace is not None
    return model.startswith("@") or any(provider.name == name for provider in draft.workspace.providers)


def _asked_for(draft: Draft, book: RouteBook) -> CompiledRoute | None:
    headers, workspace, facts = draft.headers, draft.workspace, draft.facts
    assert workspace is not None and facts is not None
    settings_key, model = asked.settings_key(headers), facts.model or ""
    named = asked.route_named(headers)
    if named is None and model.startswith(_PREFIX):
        named = model.split("/", 2)[1].encode()
    own_key = _own_key(draft)
    if own_key is not None and settings_key:
        settings_key += b"\0key=" + own_key.encode("latin-1")

    def base() -> Settings:
        return asked.settings(headers, own_key)

    if named is None:
        if not settings_key:
            return None
        return book.inline(workspace, b"", base, settings_key)
    if named.startswith(b"{"):
        return book.inline(workspace, named, base, settings_key)
    found = book.saved(workspace, named.decode("latin-1"), base, settings_key)
    if not settings_key and named == headers.get(asked.CONFIG):
        # As it is saved, so there are no more of them than routes.
        book.written[workspace.id, named] = found
    return found


def _own_key(draft: Draft) -> str | None:
    """The provider's key that Portkey's clients put into Authorization, beside ours in its own header.

    Only where nothing is stored for that provider: many clients send a placeholder there.
    """
    if b"x-portkey-api-key" not in draft.headers:
        return None
    written = draft.headers.get(b"authorization", b"")
    if written[:7].lower() != b"bearer " or written[7:].strip().startswith(b"qd-"):
        return None
    return written[7:].strip().decode("latin-1") or None
