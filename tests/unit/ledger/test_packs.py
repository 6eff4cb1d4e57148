"""What was put into the packs is read back from where it was said to be, and takes little room."""

import os
import resource
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.ledger.packs import BodyGone, Packs, Place


def packs(directory: Path, **options: int) -> Packs:
    return Packs(directory, sync=False, **options)


def test_contents_come_back_in_the_order_they_are_asked_for(tmp_path: Path) -> None:
    store = packs(tmp_path)
    contents = [b"", b"a", b"b" * 70_000, os.urandom(300_000), b"last"]
    places = store.add("ws_1", 7, contents)
    assert store.read("ws_1", 7, places) == contents
    assert store.read("ws_1", 7, places[::-1]) == contents[::-1]
    assert [place.length for place in places] == [len(content) for content in contents]


def test_what_was_written_can_be_read_while_its_block_is_open(tmp_path: Path) -> None:
    store = packs(tmp_path)
    places = []
    for n in range(50):
        places += store.add("ws_1", 7, [b"content number %d" % n])
        assert packs(tmp_path).read("ws_1", 7, places[-1:]) == [b"content number %d" % n]
    assert {place.block for place in places} == {0}
    assert store.read("ws_1", 7, places) == [b"content number %d" % n for n in range(50)]


def test_small_contents_written_one_by_one_are_packed_together(tmp_path: Path) -> None:
    store = packs(tmp_path)
    words = b"the agent looks at the report and then at the other report, line by line, number %d"
    for n in range(500):
        store.add("ws_1", 7, [words % n])
    assert store.size() < 500 * len(words) / 4


def test_a_full_block_is_followed_by_another_and_a_full_file_too(tmp_path: Path) -> None:
    store = packs(tmp_path, block_bytes=1_000, pack_bytes=5_000)
    contents = [os.urandom(400) for _ in range(60)]
    places = [place for content in contents for place in store.add("ws_1", 7, [content])]
    assert len({place.block for place in places if place.pack == 1}) > 2
    assert len({place.pack for place in places}) > 2
    assert store.read("ws_1", 7, places) == contents


def test_a_new_start_writes_a_new_file_and_reads_the_old(tmp_path: Path) -> None:
    first = packs(tmp_path).add("ws_1", 7, [b"one"])
    second = packs(tmp_path).add("ws_1", 7, [b"two"])
    assert (first[0].pack, second[0].pack) == (1, 2)
    assert packs(tmp_path).read("ws_1", 7, [*first, *second]) == [b"one", b"two"]


def test_a_failed_write_harms_nothing_that_stands(tmp_path: Path) -> None:
    store = packs(tmp_path)
    before = store.add("ws_1", 7, [b"before"])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, hard))
    try:
        with pytest.raises(OSError, match="large"):
            store.add("ws_1", 7, [os.urandom(50_000)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    after = store.add("ws_1", 7, [b"after"])
    assert store.read("ws_1", 7, [*before, *after]) == [b"before", b"after"]


def test_threads_may_write_at_the_same_time(tmp_path: Path) -> None:
    store = packs(tmp_path, block_bytes=2_000)

    def write(n: int) -> bool:
        content = [b"%d" % n * 300, os.urandom(200)]
        return store.read("ws_1", 7, store.add("ws_1", 7, content)) == content

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(write, range(400)))


def test_a_week_is_dropped_alone(tmp_path: Path) -> None:
    store = packs(tmp_path)
    old, new = store.add("ws_1", 7, [b"old" * 100]), store.add("ws_1", 8, [b"new"])
    assert store.epochs() == {"ws_1": [7, 8]}
    size = store.size()
    assert store.drop("ws_1", 7) == size - store.size()
    with pytest.raises(BodyGone, match="deleted"):
        store.read("ws_1", 7, old)
    assert store.read("ws_1", 8, new) == [b"new"]
    assert store.drop("ws_1", 7) == 0


def test_a_place_that_is_damaged_is_told(tmp_path: Path) -> None:
    store = packs(tmp_path)
    [place] = store.add("ws_1", 7, [b"x" * 100])
    with pytest.raises(BodyGone, match="damaged"):
        store.read("ws_1", 7, [Place(place.pack, place.block + 3, 0, 10)])
    with pytest.raises(BodyGone, match="damaged"):
        store.read("ws_1", 7, [Place(place.pack, place.block, 0, 1_000)])


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".", "x" * 65])
def test_a_workspace_cannot_name_a_place_elsewhere(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="directory"):
        packs(tmp_path).add(name, 7, [b"x"])


def test_a_place_is_encoded_and_decoded() -> None:
    place = Place(3, 1 << 40, 70_000, 300)
    assert Place.decode(place.encode()) == place


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.binary(max_size=600), max_size=6), max_size=8))
def test_whatever_is_written_in_whatever_batches_comes_back(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[bytes]]
) -> None:
    store = packs(tmp_path_factory.mktemp("packs"), block_bytes=900)
    places = [place for batch in batches for place in store.add("ws_1", 7, batch)]
    assert store.read("ws_1", 7, places) == [content for batch in batches for content in batch]
    store.close()
