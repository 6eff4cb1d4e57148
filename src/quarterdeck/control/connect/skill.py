"""The skill that teaches an agent when to use the tools. Trusted text, which results of tools are not."""

from pathlib import Path

_FILE = Path(__file__).with_name("skill.md")


def skill(url: str) -> str:
    """SKILL.md, with the address of this server in it."""
    return _FILE.read_text().replace("{URL}", url)
