"""Reading configs: Portkey's in full, both spellings, inheritance, and every mistake with its place."""

from typing import Any

import msgspec
import pytest

from quarterdeck.access.routing.config import Branch, Leaf
from quarterdeck.access.routing.fields import BadRoute
from quarterdeck.access.routing.parse import read, read_json


def problems(config: Any, **how: Any) -> list[str]:
    with pytest.raises(BadRoute) as caught:
        read(config, **how)
    return [path for path, _ in caught.value.problems]


def test_portkeys_documented_config_is_read_in_full() -> None:
    route = read(
        {
            "strategy": {
                "mode": "fallback",
                "on_status_codes": [429, 500],
                "cb_config": {
                    "failure_threshold": 5,
                    "failure_threshold_percentage": 20,
                    "cooldown_interval": 60_000,
                    "failure_status_codes": [500, 502],
                    "minimum_requests": 10,
                },
            },
            "retry": {"attempts": 3, "on_status_codes": [429], "use_retry_after_headers": True},
            "request_timeout": 10_000,
            "cache": {"mode": "semantic", "max_age": 600},
            "override_params": {"temperature": 0.1, "top_p": 0.9},
            "forward_headers": ["X-Request-Id"],
            "strict_open_ai_compliance": False,
            "targets": [
                {"virtual_key": "openai-prod", "override_params": {"model": "gpt-4o", "temperature": 0.7}},
                {"provider": "@anthropic", "api_key": "sk", "retry": {"attempts": 1}, "weight": 2, "passthrough": True},
                {"strategy": {"mode": "loadbalance"}, "targets": [{"provider": "a"}, {"provider": "b", "weight": 0}]},
            ],
        }
    )
    assert isinstance(route.root, Branch)
    first, second, third, fourth = route.leaves
    assert (first.provider, first.model, first.path) == ("openai-prod", "gpt-4o", "config.targets[0]")
    assert dict(first.patch.override) == {"temperature": b"0.7", "top_p": b"0.9"}
    assert (first.retry.attempts, first.retry.use_retry_after, first.timeouts.request_ms) == (3, True, 10_000)
    assert first.breaker is not None
    assert (first.breaker.failures, first.breaker.cooldown_ms, first.breaker.minimum) == (5, 60_000, 10)
    assert (second.provider, second.api_key, second.weight) == ("anthropic", "sk", 2)
    # What a child says of retries replaces the parent's whole.
    assert (second.retry.attempts, second.retry.use_retry_after) == (1, False)
    assert second.forward_headers == ("x-request-id",)
    assert (third.path, fourth.weight) == ("config.targets[2].targets[0]", 0)
    assert route.cache == {"mode": "semantic", "max_age": 600}


@pytest.mark.parametrize("spelling", ["use_retry_after_header", "use_retry_after_headers"])
def test_both_spellings_of_retry_after_are_read(spelling: str) -> None:
    assert read({"provider": "a", "retry": {"attempts": 1, spelling: True}}).leaves[0].retry.use_retry_after


def test_the_breaker_may_stand_at_either_level() -> None:
    rules = {"failure_threshold": 2}
    inside = read({"strategy": {"mode": "fallback", "cb_config": rules}, "targets": [{"provider": "a"}]})
    beside = read({"cb_config": rules, "strategy": {"mode": "fallback"}, "targets": [{"provider": "a"}]})
    assert inside.leaves[0].breaker == beside.leaves[0].breaker is not None


def test_a_model_may_name_its_provider() -> None:
    leaf = read({"override_params": {"model": "@prod/gpt-4o"}}).leaves[0]
    assert (leaf.provider, leaf.model) == ("prod", "gpt-4o")
    assert read({"provider": "@prod/gpt-4o"}).leaves[0].model == "gpt-4o"


def test_targets_alone_go_to_the_fastest_where_they_are_equal_and_by_weight_where_not() -> None:
    equal = read({"targets": [{"provider": "a"}, {"provider": "b"}]}).root
    weighted = read({"targets": [{"provider": "a", "weight": 3}, {"provider": "b"}]}).root
    assert isinstance(equal, Branch) and isinstance(weighted, Branch)
    assert (equal.mode, weighted.mode) == ("least_latency", "loadbalance")


def test_drop_params_take_paths() -> None:
    leaf = read(
        {"provider": "a", "drop_params": ["logit_bias", "tools[*].function.strict", "messages[0].name"]}
    ).leaves[0]
    assert leaf.patch.drop == (("logit_bias",), ("tools", None, "function", "strict"), ("messages", 0, "name"))


@pytest.mark.parametrize(
    ("config", "paths"),
    [
        ([], ["config"]),
        ({"provdr": "a"}, ["config.provdr"]),
        ({"strategy": {"mode": "nope"}, "targets": [{"provider": "a"}]}, ["config.strategy.mode"]),
        ({"strategy": {"mode": "fallback"}}, ["config.targets"]),
        ({"strategy": {"mode": "fallback"}, "targets": []}, ["config.targets"]),
        ({"strategy": {"mode": "fallback"}, "targets": ["a"]}, ["config.targets[0]"]),
        ({"provider": "a", "retry": {"attempts": -1}}, ["config.retry.attempts"]),
        ({"provider": "a", "retry": {"on_status_codes": [42]}}, ["config.retry.on_status_codes"]),
        ({"provider": "a", "request_timeout": "1s"}, ["config.request_timeout"]),
        ({"provider": "a", "weight": -1}, ["config.weight"]),
        ({"provider": "a", "custom_host": "file:///etc/passwd"}, ["config.custom_host"]),
        ({"provider": "a", "custom_host": "http://user@host"}, ["config.custom_host"]),
        ({"provider": "a", "forward_headers": ["x-portkey-forward-headers"]}, ["config.forward_headers"]),
        ({"provider": "a", "drop_params": ["[0].x"]}, ["config.drop_params"]),
        ({"provider": "a", "input_guardrails": ["g"]}, ["config.input_guardrails"]),
        ({"provider": "a", "vertex_region": "x"}, ["config.vertex_region"]),
        ({"provider": "a", "cb_config": {}}, ["config.cb_config"]),
        (
            {"strategy": {"mode": "loadbalance"}, "targets": [{"provider": "a", "weight": 0}]},
            ["config.targets"],
        ),
        (
            {
                "strategy": {"mode": "conditional", "conditions": [{"query": {"metadata.a": 1}, "then": "x"}]},
                "targets": [{"name": "y", "provider": "a"}],
            },
            ["config.strategy.conditions[0].then"],
        ),
        (
            {"strategy": {"mode": "conditional"}, "targets": [{"name": "y", "provider": "a"}]},
            ["config.strategy.conditions"],
        ),
        ({"strategy": {"mode": "canary"}, "targets": [{"provider": "a"}]}, ["config.targets"]),
        (
            {"strategy": {"mode": "loadbalance", "sticky": {"enabled": True}}, "targets": [{"provider": "a"}]},
            ["config.strategy.sticky.hash_fields"],
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(config: Any, paths: list[str]) -> None:
    assert problems(config) == paths


def test_everything_wrong_is_told_at_once() -> None:
    config = {"strategy": {"mode": "x"}, "targets": [{"weight": -1}, {"retry": {"atempts": 1}}]}
    assert problems(config) == ["config.targets[0].weight", "config.targets[1].retry.atempts", "config.strategy.mode"]


def test_a_saved_route_holds_no_key() -> None:
    assert problems({"provider": "a", "api_key": "sk-secret"}, keys_allowed=False) == ["config.api_key"]


def test_nesting_and_size_have_an_end() -> None:
    node: Any = {"provider": "a"}
    for _ in range(16):
        node = {"strategy": {"mode": "single"}, "targets": [node]}
    assert len(read(node).leaves) == 1
    for _ in range(60):
        node = {"strategy": {"mode": "single"}, "targets": [node]}
    assert "nested" in read_problem(node)
    assert "larger" in str(json_problem(b'{"a": "' + b"x" * 600_000 + b'"}'))
    assert "no JSON" in str(json_problem(b"{" * 100_000))
    wide = {
        "strategy": {"mode": "single"},
        "targets": [{"strategy": {"mode": "single"}, "targets": [{"provider": "a"}] * 900}] * 3,
    }
    assert "more than" in read_problem(wide)


def read_problem(config: Any) -> str:
    with pytest.raises(BadRoute) as caught:
        read_json(msgspec.json.encode(config))
    return caught.value.message


def json_problem(text: bytes) -> BadRoute:
    with pytest.raises(BadRoute) as caught:
        read_json(text)
    return caught.value


def test_a_leaf_does_not_show_its_key() -> None:
    assert "sk-secret" not in repr(read({"provider": "a", "api_key": "sk-secret"}).leaves[0])
    assert isinstance(read({"provider": "a"}).root, Leaf)
