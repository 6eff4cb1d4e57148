"""Writes the first inputs of the corpus: `python -m fuzz.coverage.seed`, from the samples of the other fuzz tests."""

import json

from fuzz.coverage.targets import CORPUS
from fuzz.dialects import test_fuzz_dialects as samples
from fuzz.parsers import PARSERS


def main() -> None:
    for target in PARSERS:
        (CORPUS / target).mkdir(parents=True, exist_ok=True)
    for dialect, body in samples.REQUESTS.items():
        (CORPUS / f"request_{dialect}" / "sample.json").write_text(json.dumps(body))
    for dialect, body in samples.ANSWERS.items():
        (CORPUS / f"answer_{dialect}" / "sample.json").write_text(json.dumps(body))
    for dialect, events in samples.EVENTS.items():
        stream = samples.stream_bytes(dialect, events)
        (CORPUS / f"stream_{dialect}" / "sample.bin").write_bytes(bytes((60,)) + stream)


if __name__ == "__main__":
    main()
