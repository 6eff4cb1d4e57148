"""Calls found by words in a large store on SQLite: how long the index takes to make, and each kind of question.

.venv/bin/python bench/words.py                     # 1 million calls in 4 weeks; a million takes about a minute
.venv/bin/python bench/words.py --calls 10000000
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import filling
from quarterdeck.db import Database
from quarterdeck.kernel.ids import encode
from quarterdeck.ledger import partitions
from quarterdeck.ledger.search import find, index
from quarterdeck.ledger.search.index import Doc
from quarterdeck.ledger.search.words import facet, parse

WORKSPACE = "ws_1"
WEEKS = 4
BEGIN_MS = 1_800_230_400_000
"""A Monday."""
WEEK_MS = 7 * 86_400_000
BATCH = 5_000
WORDS = 30_000
PAGE = 51
RARE_AGENT = "agt_0"
PER_DOC = 60


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=1_000_000)
    asyncio.run(_measure(parser.parse_args().calls))


async def _measure(count: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        db = await filling.opened(Path(directory))
        began = time.process_time()
        for docs in _docs(count):
            async with db.transaction() as tx:
                for epoch in {doc.epoch for doc in docs}:
                    await partitions.ensure_search(tx, epoch)
                await index.add(tx, docs)
        size = sum(each.stat().st_size for each in Path(directory).iterdir())
        print(f"{count:,} calls: {time.process_time() - began:.0f} s of CPU, {size / 1e6:,.0f} MB")
        for q, values in (
            ("the", {}),
            ("needle", {}),
            ("the needle", {}),
            ("the", {"agent_id": RARE_AGENT}),
            ("aaa aab", {}),
            ('"aaa the"', {}),
            ("aaa*", {}),
        ):
            await _ask(db, q, values)
        await db.close()


async def _ask(db: Database, q: str, values: dict[str, str]) -> None:
    began = before = time.process_time()
    found, longest = 0, 0.0
    async with db.read() as tx:
        search = find.Search(WORKSPACE, parse(q), values)
        async for batch in find.hits(tx, search, [PAGE], begin=None, end=None, after=None):
            now = time.process_time()
            longest, before = max(longest, now - before), now
            found += len(batch.ids)
            if found >= PAGE:
                break
    total = (time.process_time() - began) * 1_000
    print(
        f"{q!r:14} {values or ''!s:24} {found:3} found, {total:7.1f} ms of CPU, at most {longest * 1_000:.1f} at once"
    )


def _docs(count: int) -> Iterator[list[Doc]]:
    """The words of calls as often as words are: the second half as often as the first, the third a third."""
    chance = random.Random(1)
    vocabulary = ["w" + _name(number) for number in range(WORDS)]
    pool = chance.choices(vocabulary, [1 / (number + 1) for number in range(WORDS)], k=2_000_000)
    of_all = facet("workspace_id", WORKSPACE)
    agents = [facet("agent_id", f"agt_{number}") for number in range(100)]
    step_ms = WEEKS * WEEK_MS / count
    for first in range(0, count, BATCH):
        docs = []
        for number in range(first, min(count, first + BATCH)):
            ms = BEGIN_MS + int(number * step_ms)
            at = chance.randrange(len(pool) - PER_DOC)
            words = [*pool[at : at + PER_DOC], "wthe", *(["wneedle"] if number % 100_000 == 7 else [])]
            agent = agents[0 if number % 10_000 == 0 else chance.randrange(1, len(agents))]
            call_id = f"call_{encode(ms << 80 | chance.getrandbits(80))}"
            docs.append(Doc(partitions.epoch_of(ms * 1_000), WORKSPACE, call_id, words, [of_all, agent]))
        yield docs


def _name(number: int) -> str:
    letters = ""
    for _ in range(3):
        number, rest = divmod(number, 32)
        letters = chr(ord("a") + rest) + letters if rest < 26 else str(rest - 26) + letters
    return letters


if __name__ == "__main__":
    main()
