"""Tokens of calls whose provider reports none."""

from quarterdeck.gateway.estimate import estimate
from quarterdeck.ledger.record import Usage

REQUEST = b'{"model":"m","messages":[{"role":"user","content":"' + b"word " * 80 + b'"}]}'


def test_it_counts_a_token_for_every_four_characters() -> None:
    usage = estimate(REQUEST, b'{"choices":[{"message":{"role":"assistant","content":"' + b"a" * 40 + b'"}}]}', None)
    assert 100 <= usage.input_total <= 105
    assert usage.output_total == 10


def test_it_adds_up_the_pieces_of_a_stream() -> None:
    stream = b'data: {"choices":[{"delta":{"content":"abcd"}}]}\n\n' * 5 + b"data: [DONE]\n\n"
    assert estimate(REQUEST, stream, None).output_total == 5


def test_what_the_provider_said_before_the_cut_wins() -> None:
    stream = b'data: {"type":"content_block_delta","delta":{"type":"text_delta","text":"abcdabcd"}}\n\n'
    usage = estimate(REQUEST, stream, Usage(input_total=1234, cache_read=1000, output_total=1))
    assert (usage.input_total, usage.cache_read, usage.output_total) == (1234, 1000, 2)


def test_attachments_do_not_count_by_their_size() -> None:
    image = b'{"messages":[{"content":[{"image_url":{"url":"data:image/png;base64,' + b"A" * 90_000 + b'"}}]}]}'
    assert estimate(image, b"", None).input_total == 0


def test_garbage_counts_as_nothing_rather_than_raising() -> None:
    assert estimate(b"\xff{", b"data: {\n\ndata: \xff\n", None) == Usage()
