"""Every failure leaves as `application/problem+json` that says what happened and what to do."""

import json
import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from quarterdeck.api import unknown_fields, unreadable
from quarterdeck.kernel.errors import QuarterdeckError
from quarterdeck.kernel.ids import new_id

MEDIA_TYPE = "application/problem+json"
_PORTKEY = "/api/v1/portkey/"
_PORTKEYS_CODES = {401: "AB05", 403: "AB03", 404: "AB02", 409: "AB07", 429: "AB06"}
log = logging.getLogger("quarterdeck.api")


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    extra: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """One problem document. `extra` never replaces the members every problem has."""
    body = {
        **(extra or {}),
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
    }
    # Backslash escapes keep half a surrogate pair, which a caller may have sent, from breaking the answer.
    return Response(json.dumps(body, default=str), status, {**(headers or {})}, MEDIA_TYPE)


def problem_of(error: QuarterdeckError, path: str = "") -> Response:
    headers = {}
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = "Bearer"
    if "retry_after_s" in error.extra:
        headers["retry-after"] = str(error.extra["retry_after_s"])
    extra = {**error.extra, **_as_portkey(path, error.status, error.message)}
    return problem(error.status, error.code, error.message, extra=extra, headers=headers)


def install(app: FastAPI) -> None:
    """Teach `app` to answer every error it meets in a route as a problem."""
    app.add_exception_handler(QuarterdeckError, _on_ours)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)


class CatchAll:
    """Outermost: what nobody expected becomes a 500 with an id to look for in the log, and nothing else."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except QuarterdeckError as error:
            if begun:
                raise
            await problem_of(error, scope["path"])(scope, receive, send)
        except Exception:
            error_id = new_id("err")
            log.exception("request_failed id=%s method=%s path=%s", error_id, scope["method"], scope["path"])
            if begun:
                raise
            await unexpected(error_id)(scope, receive, send)


def unexpected(error_id: str) -> Response:
    detail = f"Something went wrong here that should not have. The server's log has it under {error_id}."
    return problem(500, "internal", detail, extra={"error_id": error_id})


async def _on_ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, QuarterdeckError)
    return problem_of(error, request.url.path)


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    media_type = unreadable.not_json(error, request.headers.get("content-type", ""))
    if media_type is not None:
        return problem(415, "not_json", media_type, extra=_as_portkey(request.url.path, 415, media_type))
    fields = [{"field": _path(each["loc"]), "problem": _wrong(each, request)} for each in error.errors()]
    detail = "; ".join(f"{each['field']}: {each['problem']}" for each in fields[:5])
    return problem(422, "invalid", detail, extra={"fields": fields, **_as_portkey(request.url.path, 422, detail)})


def _wrong(error: Mapping[str, Any], request: Request) -> str:
    """In words; of a field that is not known also which one may be meant, and which there are."""
    if error["type"] != "extra_forbidden":
        return str(error["msg"])
    known = unknown_fields.known_beside(request.scope.get("route"), error["loc"])
    return unknown_fields.words(str(error["loc"][-1]), known)


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.NOT_FOUND:
        return problem(404, "not_found", f"There is nothing at {request.url.path}; see /api/docs for what there is.")
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = (error.headers or {}).get("allow", "")
        return problem(
            405,
            "method_not_allowed",
            f"{request.url.path} takes {allowed}, not {request.method}.",
            headers=error.headers,
        )
    return problem(error.status_code, "invalid", unreadable.why(error), headers=error.headers)


def _as_portkey(path: str, status: int, detail: str) -> dict[str, Any]:
    """What Portkey's clients look for in a failure of its own paths, beside the problem."""
    if not path.startswith(_PORTKEY):
        return {}
    code = _PORTKEYS_CODES.get(status, "AB04" if status >= 500 else "AB01")
    return {"success": False, "message": detail, "data": {"message": detail, "errorCode": code}}


def _path(location: Sequence[int | str]) -> str:
    """`("body", "acceptance", 0)` → `acceptance[0]`; the first word only says where the field was."""
    parts = location[1:] if len(location) > 1 else location
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text
