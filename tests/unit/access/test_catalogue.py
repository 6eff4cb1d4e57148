"""Every row of the catalogue says what it must, in the shape the gateway can use."""

import re
from urllib.parse import urlsplit

import pytest

from quarterdeck.access.catalogue import PRICE_KINDS, SPECS, ProviderSpec
from quarterdeck.ledger.prices import PriceBook

ROWS = list(SPECS.values())
DIALECTS = {
    "openai_chat",
    "openai_completions",
    "openai_responses",
    "openai_embeddings",
    "anthropic",
    "anthropic_count_tokens",
    "gemini",
    "gemini_count_tokens",
    "gemini_embeddings",
    "cohere",
    "cohere_embed",
    "cohere_rerank",
    "bedrock",
    "bedrock_invoke",
    "openai_realtime",
    "voyage_rerank",
    "jina_rerank",
}


def _names(rows: list[ProviderSpec]) -> list[str]:
    return [row.kind for row in rows]


def test_there_are_at_least_sixty_kinds_and_none_twice() -> None:
    assert len(ROWS) >= 60
    assert len({row.title for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("spec", ROWS, ids=_names(ROWS))
def test_a_row_says_where_its_facts_come_from_and_what_it_speaks(spec: ProviderSpec) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", spec.kind)
    assert "/" in spec.source or "." in spec.source
    assert spec.dialects
    assert spec.dialects <= DIALECTS
    assert spec.chat is None or spec.chat in spec.dialects
    assert set(spec.paths) <= spec.dialects
    assert all(path.startswith("/") for path in spec.paths.values())
    assert spec.auth_header in {"authorization", "x-api-key", "api-key", "x-goog-api-key"}


@pytest.mark.parametrize("spec", ROWS, ids=_names(ROWS))
def test_a_base_url_is_one_that_can_be_called(spec: ProviderSpec) -> None:
    if spec.base_url is None:
        return
    parts = urlsplit(spec.base_url)
    assert parts.hostname
    assert not parts.query
    assert not parts.fragment
    assert not spec.base_url.endswith("/")
    assert "{" not in spec.base_url
    # A key must not cross the network in clear, and only what runs here may be called at a private address.
    assert parts.scheme == ("http" if spec.allow_private else "https")
    assert (parts.hostname == "127.0.0.1") == spec.allow_private


@pytest.mark.parametrize("spec", [row for row in ROWS if row.template], ids=lambda row: row.kind)
def test_an_address_that_names_an_account_has_to_be_configured(spec: ProviderSpec) -> None:
    assert spec.base_url is None
    assert spec.template is not None
    assert re.search(r"\{[a-z]+\}", spec.template)
    assert urlsplit(re.sub(r"\{[a-z]+\}", "mine", spec.template)).scheme == "https"


def test_the_price_table_knows_every_kind_that_names_its_entry_there() -> None:
    book = PriceBook(names=PRICE_KINDS)
    for spec in ROWS:
        if spec.price_kind is not None and spec.kind != "sandbox":
            assert book.models(spec.kind), spec.kind


def test_a_kind_the_price_table_does_not_know_has_no_price() -> None:
    book = PriceBook(names=PRICE_KINDS)
    assert book.resolve("vllm", "gpt-4o-mini") is None
    assert book.resolve("azure-openai", "gpt-4o-mini") is not None
    assert not book.knows("openai-compatible", "gpt-4o-mini")
