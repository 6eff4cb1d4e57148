"""The dashboard: built files as they are, the one page for every address of it, a helpful one when it is not built."""

import asyncio
import gzip
import mimetypes
from pathlib import Path, PurePosixPath

from starlette.datastructures import Headers
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from quarterdeck.api.errors import problem

BUILT = Path(__file__).parent.parent / "web" / "dist"
_FOR_EVER = "public, max-age=31536000, immutable"
_ASSETS = "/assets/"
_COMPRESSED = frozenset({".css", ".html", ".js", ".json", ".map", ".svg"})
_NOT_BUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Quarterdeck</title>
<body style="font:15px/1.6 system-ui;max-width:42rem;margin:4rem auto;padding:0 1rem">
<h1 style="font-size:1.25rem">The dashboard has not been built</h1>
<p>The server runs and the API answers. To build the dashboard, run <code>make ui</code> in the source directory, or
install a released package, which carries it.</p>
<p>The API is described at <a href="/api/docs">/api/docs</a>.</p></body></html>"""


class Dashboard:
    """An ASGI application for all that is neither the API nor a model path."""

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = (directory or BUILT).resolve()
        self._packed: dict[tuple[str, int], bytes] = {}
        """What was compressed already, by file and when that was written: a few hundred kilobytes at the most."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = self._response(scope["method"], scope["path"])
        if isinstance(response, FileResponse) and "gzip" in Headers(scope=scope).get("accept-encoding", ""):
            response = await self._smaller(response)
        await response(scope, receive, send)

    async def _smaller(self, response: FileResponse) -> Response:
        """The same, compressed, where it is of a kind that shrinks."""
        file = Path(response.path)
        if file.suffix not in _COMPRESSED:
            return response
        packed = await asyncio.to_thread(self._pack, file)
        kept = {name: response.headers[name] for name in ("cache-control", "vary")}
        return Response(packed, media_type=response.media_type, headers={**kept, "content-encoding": "gzip"})

    def _pack(self, file: Path) -> bytes:
        key = (str(file), file.stat().st_mtime_ns)
        if key not in self._packed:
            self._packed[key] = gzip.compress(file.read_bytes(), mtime=0)
        return self._packed[key]

    def _response(self, method: str, path: str) -> Response:
        if path == "/api" or path.startswith(("/api/", "/.well-known/")):
            return problem(404, "not_found", f"There is nothing at {path}; see /api/docs for what there is.")
        if method not in ("GET", "HEAD"):
            return problem(
                405, "method_not_allowed", f"{path} takes GET, not {method}.", headers={"allow": "GET, HEAD"}
            )
        file = self._file(path)
        if file is not None:
            cache = _FOR_EVER if path.startswith(_ASSETS) else "no-cache"
            return _as_it_is(file, _media_type(file), cache)
        if path.startswith(_ASSETS):
            return problem(404, "not_found", "This file belongs to another version of the dashboard; reload the page.")
        index = self._directory / "index.html"
        if not index.is_file():
            return HTMLResponse(_NOT_BUILT, 503, headers={"cache-control": "no-store"})
        return _as_it_is(index, "text/html; charset=utf-8", "no-cache")

    def _file(self, path: str) -> Path | None:
        """The built file at `path`; never one outside the directory, whatever the path says."""
        parts = PurePosixPath(path).parts[1:]
        if not parts or any(part == ".." or "\0" in part or "\\" in part for part in parts):
            return None
        found = self._directory.joinpath(*parts).resolve()
        return found if found.is_relative_to(self._directory) and found.is_file() else None


class Assets:
    """Hands the dashboard's files out before any route is looked at: a page asks for a dozen at once, and to find that
    none of hundreds of routes is meant takes longer than to answer."""

    def __init__(self, app: ASGIApp, dashboard: Dashboard) -> None:
        self._app = app
        self._dashboard = dashboard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        meant = scope["type"] == "http" and scope["path"].startswith(_ASSETS)
        await (self._dashboard if meant else self._app)(scope, receive, send)


def _as_it_is(file: Path, media_type: str, cache: str) -> FileResponse:
    return FileResponse(file, media_type=media_type, headers={"cache-control": cache, "vary": "accept-encoding"})


def _media_type(file: Path) -> str:
    guessed, _ = mimetypes.guess_type(file.name)
    return guessed or "application/octet-stream"
