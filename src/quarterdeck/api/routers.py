"""Every router of the control API, in the order the document shows them. A slice adds its own line here."""

from fastapi import APIRouter

from quarterdeck.api import live
from quarterdeck.control.keys import api as keys
from quarterdeck.control.members import api as members
from quarterdeck.control.members import session_api as session
from quarterdeck.control.settings import api as settings

ROUTERS: list[APIRouter] = [
    session.router,
    members.router,
    keys.router,
    settings.router,
    live.router,
]
