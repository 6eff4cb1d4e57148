"""The benchmark of the pages' data opens every page there is."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))

import pages  # noqa: E402

ROUTER = ROOT / "ui" / "src" / "app" / "router.tsx"


def test_every_route_of_the_dashboard_is_opened_by_the_benchmark() -> None:
    routes = re.findall(r'path: "([^"]+)"', ROUTER.read_text())
    assert len(routes) > 20
    assert set(routes) == set(pages.PAGES)
