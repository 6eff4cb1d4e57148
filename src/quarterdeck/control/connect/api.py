"""/connect: what to copy to connect an agent, with this server's address in it."""

from fastapi import APIRouter, Request
from pydantic import BaseModel

from quarterdeck.control.connect.snippets import KEY, SNIPPETS, TOKEN, Proof
from quarterdeck.control.http import Reader

router = APIRouter(tags=["connect"])


class SnippetOut(BaseModel):
    id: str
    title: str
    gives: str
    """What connecting so brings, in a sentence."""
    language: str
    where: str
    """Where the text goes."""
    text: str
    proof: Proof
    """`test`: our tests run it; `documentation`: it follows its tool's documentation."""


class ConnectOut(BaseModel):
    url: str
    mcp_url: str
    a2a_url: str
    skill_url: str
    key_placeholder: str
    """Put the agent's key in its place in a snippet."""
    token_placeholder: str
    snippets: list[SnippetOut]


@router.get("/connect", operation_id="get_connect")
async def get_connect(_: Reader, request: Request) -> ConnectOut:
    """How agents connect to this server: for each runtime and protocol, what to copy and where it goes."""
    url: str = request.app.state.about.gateway_url
    return ConnectOut(
        url=url,
        mcp_url=f"{url}/mcp",
        a2a_url=f"{url}/a2a",
        skill_url=f"{url}/skill.md",
        key_placeholder=KEY,
        token_placeholder=TOKEN,
        snippets=[
            SnippetOut(
                id=one.id,
                title=one.title,
                gives=one.gives,
                language=one.language,
                where=one.where,
                text=one.filled(url),
                proof=one.proof,
            )
            for one in SNIPPETS
        ],
    )
