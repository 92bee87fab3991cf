"""Embeddings of the data sets, computed once and kept, half precision as in the database."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from django.conf import settings

from raindrop.embedder import ALL_TONES, DIMENSIONS, MODEL, TONES, embed_texts, read_texts
from raindrop.embedder.onnx import token_states
from signals.detectors.batch import Batch, Turn, nearness_of
from signals.detectors.heads import Floats


class VectorStore:
    """Vectors by text, kept in `<data dir>/evaluate/cache/vectors.npz` between runs."""

    size = DIMENSIONS

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or Path(settings.DATA_DIR) / "evaluate" / "cache" / "vectors.npz"
        self._places: dict[bytes, int] = {}
        self._rows = np.zeros((0, DIMENSIONS), dtype=np.float16)
        self._states: dict[str, npt.NDArray[np.float16]] = {}
        self._tones: dict[str, Floats] = {}
        if self.path.exists():
            with np.load(self.path) as data:
                if bytes(data["model"]).decode() == MODEL:
                    self._rows = data["rows"]
                    keys = data["keys"].tobytes()
                    self._places = {keys[i : i + 16]: i // 16 for i in range(0, len(keys), 16)}

    def of(self, texts: Sequence[str]) -> Floats:
        """(n, 384) float32; zeros for a blank text."""
        keys = [_key(text) for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._places}
        if missing:
            self._add(missing)
        return self._rows[[self._places[key] for key in keys]].astype(np.float32)

    def states_of(self, texts: Sequence[str]) -> list[npt.NDArray[np.float16]]:
        """What the readers of the tones look at, (tokens, 384) each; computed once a run (they are large)."""
        missing = [text for text in dict.fromkeys(texts) if text not in self._states]
        self._states |= dict(zip(missing, token_states(missing), strict=True))
        return [self._states[text] for text in texts]

    def tones_of(self, texts: Sequence[str]) -> Floats:
        """(n, len(ALL_TONES)) by the committed readers; computed once a run."""
        missing = [text for text in dict.fromkeys(texts) if text not in self._tones]
        self._tones |= dict(zip(missing, read_texts(missing).tones, strict=True))
        return np.array([self._tones[text] for text in texts], dtype=np.float32)

    def _add(self, missing: dict[bytes, str]) -> None:
        rows = embed_texts(list(missing.values())).astype(np.float16)
        for i, key in enumerate(missing, start=len(self._rows)):
            self._places[key] = i
        self._rows = np.concatenate([self._rows, rows])
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(".partial")
        with partial.open("wb") as file:
            np.savez(
                file,
                model=np.frombuffer(MODEL.encode(), dtype=np.uint8),
                keys=np.frombuffer(b"".join(self._places), dtype=np.uint8),
                rows=self._rows,
            )
        partial.replace(self.path)


def batch_of_turns(turns: Sequence[Turn], store: VectorStore) -> Batch:
    """With the vectors and tones that the pipeline would have stored."""
    users, agents = [turn.input.raw for turn in turns], [turn.output.raw for turn in turns]
    tones = [
        store.tones_of(texts) if turns else np.zeros((0, len(ALL_TONES)), np.float32)
        for texts in (users, agents)
    ]
    earlier = {text.raw for turn in turns for old in turn.previous for text in (old.input, old.output)}
    store.of(
        [*users, *agents, *sorted(earlier)]
    )  # at once: each time that one is missing the whole file is written
    user_vectors, agent_vectors = store.of(users), store.of(agents)
    rows = []
    for index, turn in enumerate(turns):
        before = [old.input.raw for old in turn.previous], [old.output.raw for old in turn.previous]
        rows.append(
            nearness_of(user_vectors[index], agent_vectors[index], *(store.of(texts) for texts in before))
        )
    nearness = np.array(rows, dtype=np.float32).reshape(len(turns), -1)
    return Batch(
        list(turns),
        user_vectors,
        agent_vectors,
        user_tones=tones[0][:, : len(TONES)],
        agent_tones=tones[1][:, len(TONES) :],
        nearness=nearness,
    )


def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
