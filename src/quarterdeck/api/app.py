"""The control API: the slices' routers under /api/v1, the dashboard under everything else."""

import asyncio
from collections.abc import Iterable
from functools import cache
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.routing import iter_route_contexts
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from quarterdeck.access.actors import Permission
from quarterdeck.api import docs, errors, openapi
from quarterdeck.api.a2a.mount import A2aMount
from quarterdeck.api.auth import Authenticate
from quarterdeck.api.body import BodyLimit, Sayable
from quarterdeck.api.errors import CatchAll
from quarterdeck.api.headers import SecurityHeaders
from quarterdeck.api.idempotency import Idempotency
from quarterdeck.api.mcp.mount import McpMount
from quarterdeck.api.on_the_wire import OnTheWire
from quarterdeck.api.origins import Origins
from quarterdeck.api.pages import Assets, Dashboard
from quarterdeck.api.routers import ROUTERS
from quarterdeck.api.services import Readiness, Services
from quarterdeck.control.connect.skill import skill
from quarterdeck.control.http import PERMISSION_ATTRIBUTE

PREFIX = "/api/v1"


def create_app(services: Services, routers: Iterable[APIRouter] | None = None) -> FastAPI:
    """The application, of all our routers unless told which.

    It has no lifespan of its own: what runs beside it is run by whoever builds `services`.

    Raises RuntimeError when a route under /api/v1 names no permission: it would be open to all by mistake.
    """
    app = FastAPI(
        title="Quarterdeck",
        version=services.about.version,
        summary="LLM gateway and agent control plane in one.",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    _share(app, services)
    below_prefix = _ours() if routers is None else _included(routers)
    app.router.routes.extend(below_prefix.routes)
    permissions(app)
    dashboard = Dashboard(services.dashboard)
    _plain_routes(app, services)
    # Not a mount: that would take wrong methods on our own paths for pages.
    app.router.default = dashboard
    errors.install(app)
    app.openapi = lambda: openapi.describe(app)  # type: ignore[method-assign]
    # The last one added is the outermost.
    app.add_middleware(Origins)
    app.add_middleware(Idempotency, db=services.db, vault=services.vault)
    app.add_middleware(Sayable)
    app.add_middleware(Authenticate, db=services.db, noting=app.state.background)
    app.add_middleware(OnTheWire, wire=services.wire)
    app.add_middleware(BodyLimit)
    app.add_middleware(Assets, dashboard=dashboard)
    app.add_middleware(CatchAll)
    app.add_middleware(SecurityHeaders)
    return app


@cache
def _ours() -> APIRouter:
    """Working all routes out takes as long as a hundred requests, and they hold nothing of one application: those of a
    process share them."""
    return _included(ROUTERS)


def _included(routers: Iterable[APIRouter]) -> APIRouter:
    whole = APIRouter(generate_unique_id_function=lambda route: route.name)
    for router in routers:
        whole.include_router(router, prefix=PREFIX)
    return whole


async def settle(app: FastAPI) -> None:
    """Wait for what runs on after its request was answered. Call it before closing the database."""
    await asyncio.gather(*(mount.stop() for mount in app.state.mounts))
    await asyncio.gather(*app.state.background, return_exceptions=True)


def permissions(app: FastAPI) -> dict[tuple[str, str], Permission]:
    """(method, path) → the permission the route needs, for every route under /api/v1.

    Raises RuntimeError when a route has none, or two.
    """
    found: dict[tuple[str, str], Permission] = {}
    for route in iter_route_contexts(app.routes):
        path = route.path or ""
        if not path.startswith(PREFIX):
            continue
        needed = set(_needed(route.dependant))
        if len(needed) != 1:
            raise RuntimeError(f"{path} must name exactly one permission with may(…); it names {len(needed)}.")
        for method in route.methods or ():
            found[method, path] = next(iter(needed))
    return found


def _needed(dependant: Any) -> Iterable[Permission]:
    for each in dependant.dependencies:
        permission = getattr(each.call, PERMISSION_ATTRIBUTE, None)
        if permission is not None:
            yield permission
        yield from _needed(each)


def _share(app: FastAPI, services: Services) -> None:
    state = app.state
    state.db = services.db
    state.vault = services.vault
    state.throttle = services.throttle
    state.about = services.about
    state.gateways = services.gateways
    state.packs = services.packs
    state.check_provider = services.check_provider
    state.files = services.files
    state.remote = services.remote
    state.push_hosts = services.push_hosts
    state.web_push_hosts = services.web_push_hosts
    state.ingest_state = services.ingest_state
    state.feed = services.feed
    state.background = set()


def _plain_routes(app: FastAPI, services: Services) -> None:
    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(_: Request) -> Response:
        state: Readiness = await services.readiness()
        return JSONResponse({"ready": state.ready, "degraded": state.degraded}, 200 if state.ready else 503)

    async def metrics(_: Request) -> Response:
        return Response(await services.metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")

    async def show_docs(_: Request) -> Response:
        return HTMLResponse(docs.page(app.openapi()))

    app.add_route("/api/docs", show_docs, include_in_schema=False)
    app.add_route("/healthz", healthz, include_in_schema=False)
    app.add_route("/readyz", readyz, include_in_schema=False)
    app.add_route("/metrics", metrics, include_in_schema=False)
    mcp, a2a = McpMount(app), A2aMount(app)
    app.state.mounts = [mcp, a2a]

    async def agent_card(_: Request) -> Response:
        return await a2a.public_card()

    async def skill_md(_: Request) -> Response:
        return Response(skill(services.about.gateway_url), media_type="text/markdown; charset=utf-8")

    app.add_route("/skill.md", skill_md, include_in_schema=False)
    app.add_route("/.well-known/agent-card.json", agent_card, include_in_schema=False)
    for path, endpoint in (("/mcp", mcp), ("/a2a", a2a), ("/a2a/{rest:path}", a2a)):
        app.router.routes.append(Route(path, endpoint, include_in_schema=False))
