"""One exchange in the application's hands: it is answered, whatever happens there."""

import asyncio
import logging

from quarterdeck.gateway.server.errors import CallerLeft
from quarterdeck.gateway.server.exchange import Exchange
from quarterdeck.gateway.server.home import Home
from quarterdeck.gateway.server.refusal import wording

log = logging.getLogger(__name__)


async def handled(exchange: Exchange, home: Home) -> None:
    """Run by the connection in a task of its own. What the application does not catch is an answer all the same."""
    try:
        if not exchange.gone:
            await home.handle(exchange)
        if not exchange.finished and not exchange.gone:
            log.error("request_unanswered %s", _named(exchange))
            _answer_failed(exchange)
    except CallerLeft:
        if not exchange.gone:
            _answer_failed(exchange)
    except asyncio.CancelledError:
        exchange.break_off()
        raise
    except Exception:
        log.exception("request_failed %s", _named(exchange))
        _answer_failed(exchange)
    finally:
        home.open.discard(exchange)


def _named(exchange: Exchange) -> str:
    # As it was sent: decoded, a path can hold line breaks, and forge lines of the log.
    return f"method={exchange.method.decode()} path={exchange.raw_path.decode('latin-1')}"


def _answer_failed(exchange: Exchange) -> None:
    if exchange.begun:
        exchange.break_off()
    else:
        exchange.respond(500, *wording(500, "internal", "The server failed on this request."))
