"""The sandbox itself: which script plays, and what it makes of a request. No socket is touched here."""

import hashlib
import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from quarterdeck.sandbox import faults
from quarterdeck.sandbox.asks import Ask, BadAsk, Dialect, answered
from quarterdeck.sandbox.catalogue import UnknownScript, script_of_model
from quarterdeck.sandbox.endpoints import Endpoint, endpoint_of
from quarterdeck.sandbox.models import models_answer
from quarterdeck.sandbox.openai_chat import OpenAIChat
from quarterdeck.sandbox.replay import reply_of
from quarterdeck.sandbox.replies import Ending, Reply, Wire, encoded, json_reply, wire_of
from quarterdeck.sandbox.requests import Log, Received
from quarterdeck.sandbox.rules import Rule
from quarterdeck.sandbox.scripts import BadScript, Delay, Lognormal, Normal, Script, Timing, script_from_json

_CACHED_BODY = 16 * 1024
_CACHED_PLANS = 1024
_STILL = Timing()
_PLAIN: Dialect = OpenAIChat()  # whose words errors use where no dialect is known


@dataclass(frozen=True, slots=True)
class Plan:
    """What a request gets: the same request gets the same plan until the scripts change."""

    script: Script
    source: str
    wire: Wire
    faulted: Wire | None = None
    key: str = ""
    """Counts how often a script was played, for faults that happen a number of times and for draws."""
    still: bool = True
    """Nothing about it is left to chance or to time."""


@dataclass(frozen=True, slots=True)
class Performance:
    """One playing of a plan."""

    wire: Wire
    waits_ms: tuple[float, ...] | None
    """Before the head, before the first part, before the second, …; None when nothing waits."""


class Sandbox:
    """Chooses scripts and renders replies. `speed` divides every wait; `seed` is mixed into every draw."""

    def __init__(self, *, speed: float = 1.0, seed: int = 0, keep: int = 1000, corpus: Path | None = None) -> None:
        self.speed = speed
        self.log = Log(keep)
        self.corpus = corpus
        self._seed = seed
        self._rules: tuple[Rule, ...] = ()
        self._default = Script()
        self._plans: dict[tuple[str, str, bytes | None, bytes], Plan] = {}
        self._played: Counter[str] = Counter()
        self.memo: dict[bytes, bytes] = {}
        """Requests as they came, and the whole answers they always get: kept only while no request is remembered."""

    @property
    def rules(self) -> tuple[Rule, ...]:
        return self._rules

    def use(self, rules: tuple[Rule, ...]) -> None:
        """Play these from now on; the first that fits a request wins. Counts of faults begin anew."""
        self._rules = rules
        self._plans.clear()
        self._played.clear()
        self.memo.clear()

    def plan(self, method: str, target: str, headers: list[tuple[bytes, bytes]], body: bytes) -> Plan:
        """What a request gets. Never raises: a request or script that makes no sense gets an error answer."""
        header = None
        for name, value in headers:
            if name == b"x-sandbox-script":
                header = value
        if len(body) > _CACHED_BODY:
            return self._plan(method, target, headers, header, body)
        key = (method, target, header, body)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plan(method, target, headers, header, body)
            if len(self._plans) >= _CACHED_PLANS:
                self._plans.clear()
            if plan.key and (plan.script.fault is None or faults.stateless(plan.script.fault)):
                self._plans[key] = plan
        return plan

    def memorize(self, request: bytes, plan: Plan) -> None:
        """Next time answer the same bytes without reading them: a bench asks the same a million times."""
        if self.log.keep or not plan.still or not plan.key or plan.wire.ending is not Ending.DONE:
            return
        if len(self.memo) >= _CACHED_PLANS:
            self.memo.clear()
        self.memo[request] = plan.wire.joined

    def perform(self, plan: Plan, request: Received | None) -> Performance:
        """Draw what is left to chance: whether the fault strikes this time, and how long each wait is."""
        if plan.still:
            return Performance(plan.wire, None)
        script, wire = plan.script, plan.wire
        played = self._played[plan.key]
        self._played[plan.key] = played + 1
        draw = random.Random(hash((self._seed, script.seed, played)))  # noqa: S311 - to be repeatable is the point
        fault = script.fault
        if fault and plan.faulted and (fault.times is None or played < fault.times) and draw.random() < fault.rate:
            wire = plan.faulted
            if request is not None:
                request.fault = str(type(fault).__struct_config__.tag)
        return Performance(wire, _waits(script.timing, wire, draw))

    def _plan(
        self, method: str, target: str, headers: list[tuple[bytes, bytes]], header: bytes | None, body: bytes
    ) -> Plan:
        path, _, query = target.partition("?")
        if method == "GET":
            listed = models_answer(path, anthropic=any(name == b"anthropic-version" for name, _ in headers))
            if listed is not None:
                return Plan(Script(), "models", wire_of(json_reply(200, listed)))
        endpoint = endpoint_of(path, query)
        dialect = endpoint.dialect if endpoint else _PLAIN
        try:
            return self._scripted(endpoint, target, header, body)
        except UnknownScript as error:
            return _refusal(dialect, 404, "model_not_found", str(error))
        except BadScript as error:
            return _refusal(dialect, 400, "bad_script", f"script: {error}")
        except BadAsk as error:
            return _refusal(dialect, 400, None, str(error))
        except LookupError:
            return _refusal(dialect, 404, "unknown_url", f"Unknown request URL: {method} {path}.")

    def _scripted(self, endpoint: Endpoint | None, target: str, header: bytes | None, body: bytes) -> Plan:
        """Raises BadScript, BadAsk, or LookupError for a path of no dialect."""
        ask, trouble = _read(endpoint, body)
        script, source, key = self._choose(ask, target, header, body)
        if script.replay is not None:
            return _plan_of(script, source, key, reply_of(self.corpus, script.replay), _dialect(endpoint))
        if endpoint is None:
            raise LookupError(target)
        if ask is None:
            raise trouble or BadAsk("no request")
        salt = hashlib.blake2b(body, digest_size=16, key=str(self._seed).encode()).digest()
        answer = answered(ask, script, salt)
        more = (*endpoint.dialect.headers(answer.ident), *script.headers.items())
        if ask.stream:
            parts = tuple(endpoint.dialect.events(ask, answer))
            reply = Reply(200, (("content-type", endpoint.dialect.stream_type), *more), parts, chunked=True)
        else:
            reply = json_reply(200, endpoint.dialect.whole(ask, answer), more)
        return _plan_of(script, source, key, reply, endpoint.dialect)

    def _choose(self, ask: Ask | None, target: str, header: bytes | None, body: bytes) -> tuple[Script, str, str]:
        """The script, where it came from, and what counts its playings. Header, then model name, then rules."""
        if header is not None:
            return script_from_json(header), "header", header.decode("latin-1")
        named = script_of_model(ask.model) if ask else None
        if named is not None and ask is not None:
            return named, "model", f"model {ask.model}"
        for index, rule in enumerate(self._rules):
            if rule.when.fits(ask.model if ask else None, target, body):
                return rule.script, "rule", f"rule {index}"
        return self._default, "default", "default"


def _dialect(endpoint: Endpoint | None) -> Dialect:
    return endpoint.dialect if endpoint else _PLAIN


def _read(endpoint: Endpoint | None, body: bytes) -> tuple[Ask | None, BadAsk | None]:
    """The request, or what is wrong with it: a replay answers even what our dialects do not understand."""
    if endpoint is None:
        return None, None
    try:
        return endpoint.dialect.read(body, endpoint.model), None
    except BadAsk as error:
        return None, error


def _plan_of(script: Script, source: str, key: str, reply: Reply, dialect: Dialect) -> Plan:
    faulted = None
    if script.fault is not None:
        faulted = wire_of(encoded(faults.apply(script.fault, reply, dialect), script.encoding))
    still = faulted is None and script.timing == _STILL
    return Plan(script, source, wire_of(encoded(reply, script.encoding)), faulted, key, still)


def _refusal(dialect: Dialect, status: int, code: str | None, message: str) -> Plan:
    return Plan(Script(), "error", wire_of(json_reply(status, dialect.error(status, code, message))))


def _waits(timing: Timing, wire: Wire, draw: random.Random) -> tuple[float, ...] | None:
    sends = len(wire.sends)
    between: Delay = timing.chunk_ms if wire.every_ms is None else wire.every_ms
    waits = [drawn(timing.first_byte_ms, draw)]
    if sends > 1:
        waits.append(drawn(timing.first_chunk_ms, draw))
        waits += [drawn(between, draw) for _ in range(sends - 2)]
    if wire.pause is not None:
        place, ms = wire.pause
        waits[min(place, len(waits) - 1)] += ms
    return tuple(waits) if any(waits) else None


def drawn(delay: Delay, draw: random.Random) -> float:
    """Milliseconds to wait."""
    if isinstance(delay, int | float):
        return delay
    if isinstance(delay, Normal):
        return max(0.0, draw.gauss(delay.mean_ms, delay.sd_ms))
    if isinstance(delay, Lognormal):
        return delay.median_ms * draw.lognormvariate(0.0, delay.sigma)
    return draw.uniform(delay.low_ms, delay.high_ms)
