"""kill -9 at any instant: after the restart no call is missing, none is there twice, and sums and bodies agree."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import sqlalchemy as sa
from ledger_world import NOON, World, chat, record

from quarterdeck.db import Database
from quarterdeck.ledger import calls as stored
from quarterdeck.ledger.derived_tables import rollups
from quarterdeck.ledger.rebuild import Bodies

CHILD = """
import asyncio, sys
from pathlib import Path
from quarterdeck.db import Database
from quarterdeck.ledger.ingest import Ingester
from quarterdeck.ledger.packs import Packs

async def main():
    data = Path(sys.argv[1])
    db = Database(sys.argv[2])
    ingester = Ingester(db, data / "journal", Packs(data / "packs", sync=False))
    print("ready", flush=True)
    while await ingester.run_once(5):
        pass
    await db.close()
    print("done", flush=True)

asyncio.run(main())
"""
CALLS = 400


async def test_a_killed_ingester_loses_and_doubles_nothing(db: Database, tmp_path: Path) -> None:
    world = World(db, tmp_path / "data")
    made = [
        record(NOON + n * 1_000, request_body=chat(*[f"{n % 7}-{k}" for k in range(n % 9 + 1)])) for n in range(CALLS)
    ]
    await world.write(made, segment_bytes=30_000)
    chance, kills = random.Random(7), 0
    while True:
        command = [sys.executable, "-c", CHILD, str(world.data), db.url]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        if kills < 4:
            time.sleep(chance.uniform(0.01, 0.25))
            child.send_signal(signal.SIGKILL)
            kills += 1
        rest = child.stdout.read()
        child.stdout.close()
        child.wait()
        if rest == "done\n":
            break
    assert [row["id"] for row in await world.calls()] == sorted(each.id for each in made)
    total = sa.select(sa.func.sum(rollups.c.calls).label("calls"), sa.func.sum(rollups.c.cost).label("cost")).where(
        rollups.c.grain == 1, rollups.c.dim == "total"
    )
    [sums] = await world.rows(total)
    assert sums == {"calls": CALLS, "cost": sum(each.cost or 0 for each in made)}
    for each in made:
        async with db.read() as tx:
            call = await stored.get(tx, "ws_1", each.id)
        assert (await Bodies(db, world.packs).request(call)).body == each.request_body
