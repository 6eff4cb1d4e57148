"""The NumPy forward pass gives what the model's own library gives."""

import numpy as np
import pytest

from quarterdeck.gateway.cache.semantic.minilm import SIZE, MiniLM

# Computed once with sentence-transformers 6.2.0 on the same weights.
REFERENCE = {
    "How do I reset my password?": [0.0069, -0.06302, -0.07204, -0.0325, -0.04271, 0.07043],
    "a": [-0.03643, 0.0347, -0.04596, 0.03433, -0.08082, 0.03284],
}


@pytest.fixture(scope="module")
def model() -> MiniLM:
    return MiniLM()


@pytest.mark.parametrize("text", REFERENCE)
def test_it_equals_the_reference(model: MiniLM, text: str) -> None:
    vector = model.embed(text)
    assert vector is not None
    assert vector.shape == (SIZE,)
    assert vector.dtype == np.float32
    assert np.allclose(vector[:6], REFERENCE[text], atol=1e-5)
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)


def test_a_text_it_would_read_in_part_is_not_read(model: MiniLM) -> None:
    assert model.embed("word " * 250) is not None
    assert model.embed("word " * 300) is None


def test_nothing_at_all_still_has_a_vector(model: MiniLM) -> None:
    assert model.embed("") is not None
