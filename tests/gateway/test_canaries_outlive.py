"""Verdicts on canaries hold over a restart, and are taken from other gateways."""

from pathlib import Path
from typing import Any

from gateway_world import Gateway, gateway_running, key_entry

from quarterdeck.access.routing.canary import Verdict
from quarterdeck.gateway.routing.trials import Trials

CONFIG: dict[str, Any] = {
    "strategy": {"mode": "canary", "canary": {"share": 0.5, "minimum": 3, "requests": 5}},
    "targets": [{"provider": "openai"}, {"provider": "openai", "override_params": {"model": "gpt-4o"}}],
}
BROKEN = {"rules": [{"when": {"model": "gpt-4o"}, "script": {"fault": {"kind": "status", "status": 500}}}]}


def prepared(gateway: Gateway, kept: Path, config: dict[str, Any] = CONFIG) -> Trials:
    gateway.routes["trial"] = config
    gateway.keys = {text: key_entry(route="trial") for text in gateway.keys}
    gateway.publish()
    return Trials(gateway.parts.routes, kept)


async def test_a_verdict_outlives_the_gateway_until_the_config_changes(tmp_path: Path) -> None:
    kept = tmp_path / "gateway.canaries"
    async with gateway_running(tmp_path) as gateway:
        trials = prepared(gateway, kept)
        gateway.sandbox_rules(BROKEN["rules"])
        for _ in range(30):
            assert (await gateway.chat()).status_code == 200
        (state,) = trials.states()
        assert (state.route, state.verdict) == ("trial", "rolled_back")
        assert "failed" in state.why
        assert state.since is not None
        trials._save()
    async with gateway_running(tmp_path) as gateway:
        trials = prepared(gateway, kept)
        assert (await gateway.chat()).status_code == 200
        assert (trials.states()[0].verdict, trials.states()[0].since) == ("rolled_back", state.since)
        assert trials.states()[0].newcomer.answered == state.newcomer.answered
        # Another config is another trial.
        prepared(gateway, kept, {**CONFIG, "retry": {"attempts": 1}})
        assert (await gateway.chat()).status_code == 200
        assert {each.verdict for each in trials.states()} == {"undecided"}


async def test_what_another_gateway_decided_holds_here_at_once(tmp_path: Path) -> None:
    async with gateway_running(tmp_path) as gateway:
        trials = prepared(gateway, tmp_path / "gateway.canaries")
        assert (await gateway.chat()).status_code == 200
        (state,) = trials.states()
        assert state.verdict == "undecided"
        route = gateway.parts.routes.saved_routes()["ws_1", "trial"]
        decided = type(state)(
            "ws_1", "trial", state.identity, state.path, "promoted", "5 calls", state.stable, state.newcomer
        )
        trials.decided([decided])
        assert route.trials["config"].verdict is Verdict.PROMOTED
        for _ in range(5):
            assert (await gateway.chat()).headers["x-quarterdeck-model"] == "gpt-4o"
