"""The dashboard's client is generated from the API as it is."""

import json
import subprocess
import sys
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "ui/openapi.json"


def test_the_dashboard_knows_the_api_as_it_is() -> None:
    """When this fails: `python -m quarterdeck.api.openapi > ui/openapi.json`, then `npm run gen:api` in ui/."""
    printed = subprocess.run(
        [sys.executable, "-m", "quarterdeck.api.openapi"], capture_output=True, check=True, text=True
    ).stdout
    assert json.loads(DOCUMENT.read_text()) == json.loads(printed)


def test_every_model_of_it_has_a_name_of_its_own() -> None:
    """When this fails: two models have one name, so that both are named by their module as well; rename one."""
    names = json.loads(DOCUMENT.read_text())["components"]["schemas"]
    assert len(names) > 200
    assert [name for name in names if "__" in name or "." in name] == []
