"""The catalogue that OpenClaw's clawrouter provider reads."""

from gateway_world import KEY, Gateway, key_entry

from quarterdeck.access.snapshot import ProviderEntry

AUTH = {"authorization": f"Bearer {KEY}"}


async def test_the_catalogue_names_models_routes_and_prices(gateway: Gateway) -> None:
    gateway.providers.append(ProviderEntry("google", "gemini", "https://generativelanguage.googleapis.com", "x"))
    gateway.providers.append(ProviderEntry("own", "vllm", "http://127.0.0.1:8000/v1", None, models=["mine", "any-*"]))
    gateway.publish()
    answer = await gateway.client.get("/v1/catalog", headers=AUTH)
    assert answer.status_code == 200
    openai, anthropic, google, own = answer.json()["providers"]
    assert (openai["id"], openai["openaiCompatible"], openai["nativeBaseUrl"]) == ("openai", True, "/v1/native/openai")
    assert {"path": "/v1/responses", "requestFormat": "openai.responses", "methods": ["POST"]} in openai["routes"]
    mini = next(model for model in openai["models"] if model["upstream"] == "gpt-4o-mini")
    assert mini["id"] == "openai/gpt-4o-mini"
    assert mini["pricing"]["inputMicrosPerMillion"] == 150_000
    assert mini["pricing"]["outputMicrosPerMillion"] == 600_000
    assert anthropic["models"][0]["capabilities"] == ["llm.messages"]
    assert google["routes"][0]["requestFormat"] == "google.generate_content"
    assert [model["id"] for model in own["models"]] == ["own/mine"]
    assert "pricing" not in own["models"][0]


async def test_the_catalogue_holds_what_the_key_may_use_and_needs_a_key(gateway: Gateway) -> None:
    gateway.keys[KEY] = key_entry(models=["openai/gpt-4o-mini"])
    gateway.publish()
    answer = await gateway.client.get("/v1/catalog", headers=AUTH)
    assert [model["id"] for each in answer.json()["providers"] for model in each["models"]] == ["openai/gpt-4o-mini"]
    assert (await gateway.client.get("/v1/catalog")).status_code == 401
    assert (await gateway.client.post("/v1/catalog", headers=AUTH)).status_code == 405
