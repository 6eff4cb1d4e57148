"""The built dashboard, carried as package data in `dist/`. Its source is `ui/`."""

from importlib.resources import files
from pathlib import Path


def dist() -> Path | None:
    """The folder that holds `index.html` and its assets; None when the dashboard has not been built."""
    folder = Path(str(files(__name__) / "dist"))
    return folder if (folder / "index.html").is_file() else None
