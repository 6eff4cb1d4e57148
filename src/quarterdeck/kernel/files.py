"""Files that are never seen half written."""

from pathlib import Path


def put(path: Path, data: bytes) -> None:
    """Write a file anew, for this account's eyes alone: whoever reads it sees what was there before, or all of `data`.

    Blocking. Two writers of one path must not write at once. Raises OSError.
    """
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_bytes(data)
    fresh.chmod(0o600)
    fresh.replace(path)
