"""A text's tones: a few numbers that the mean over its tokens, the vector, has lost.

For each tone a reader looks at every token in the middle of the model (the third of six layers): it squeezes the token's 384 numbers into
fewer, gives it a share of its attention, and what it says of the tone. They run inside the model's graph, on 8 bits like the rest of it, for 1 to 2 % of
its time.
Trained by `manage.py train_detectors` (signals/evaluation/builtin/readers.py); the weights lie beside the model, in tones.npz.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from raindrop.embedder import graph

Floats = npt.NDArray[np.float32]
# Of what a user says, and of what an agent says. The graph reads all of them off every text.
# The first four of the user's are learned from public sets, one message at a time, the others from turns of the corpus.
TONES = (
    "annoyed",
    "offensive",
    "dissatisfied",
    "grateful",
    "frustrated",
    "correcting",
    "repeating",
    "pleased",
)
AGENT_TONES = ("declines", "fails", "dodges", "lacks")
ALL_TONES = (*TONES, *AGENT_TONES)
WEIGHTS_FILE = Path(__file__).resolve().parent / "tones.npz"
# The names in the model's graph.
STATES = "/m/encoder/layer.2/output/LayerNorm/LayerNormalization_output_0"
MASK = "attention_mask"
OUTPUT = "tones"
# Added to a padding token's attention before the softmax.
NEVER = -1e4


@dataclass(frozen=True, slots=True)
class Reader:
    """tone = sum over tokens of softmax(inner . attention) * (inner . value) + bias; inner = relu(token . squeeze + squeeze_bias).

    0 is a text like any other, 1 a standard deviation more.
    """

    squeeze: Floats  # (384, d)
    squeeze_bias: Floats  # (d,)
    attention: Floats  # (d,)
    value: Floats  # (d,)
    bias: float


def addition(readers: Mapping[str, Reader]) -> bytes:
    """What to append to the model's bytes: outputs `tones` (batch, len(ALL_TONES)) and STATES (batch, tokens, 384)."""
    each = [readers[name] for name in ALL_TONES]
    ends = np.cumsum([len(reader.value) for reader in each])
    heads = np.zeros((ends[-1], 2 * len(each)), dtype=np.float32)  # attention of each, then value of each
    for i, (reader, end) in enumerate(zip(each, ends, strict=True)):
        heads[end - len(reader.value) : end, i] = reader.attention
        heads[end - len(reader.value) : end, len(each) + i] = reader.value
    squeeze = np.concatenate([reader.squeeze for reader in each], axis=1)
    scale = np.maximum(np.abs(squeeze).max(axis=0), 1e-9) / 127
    numbers = {
        "scale": scale,
        "squeeze_bias": np.concatenate([reader.squeeze_bias for reader in each]),
        "heads": heads,
        "bias": np.array([reader.bias for reader in each], dtype=np.float32),
        "never": np.array(NEVER, dtype=np.float32),
        "one": np.array(1, dtype=np.float32),
    }
    places = {
        "halves": np.array([len(each), len(each)]),
        "last": np.array([2]),
        "along": np.array([1]),
    }
    return graph.addition(
        *(graph.tensor(f"tone/{name}", values.astype(np.float32)) for name, values in numbers.items()),
        *(graph.tensor(f"tone/{name}", values.astype(np.int64)) for name, values in places.items()),
        graph.tensor("tone/squeeze", np.round(squeeze / scale).astype(np.int8)),
        # The states on 8 bits are there already, for the layer that follows.
        graph.node(
            "MatMulInteger",
            [f"{STATES}_quantized", "tone/squeeze", f"{STATES}_zero_point"],
            ["tone/integers"],
        ),
        graph.node("Cast", ["tone/integers"], ["tone/counts"], to=graph.FLOAT),
        graph.node("Mul", [f"{STATES}_scale", "tone/scale"], ["tone/scales"]),
        graph.node("Mul", ["tone/counts", "tone/scales"], ["tone/squeezed"]),
        graph.node("Add", ["tone/squeezed", "tone/squeeze_bias"], ["tone/moved"]),
        graph.node("Relu", ["tone/moved"], ["tone/inner"]),
        graph.node("MatMul", ["tone/inner", "tone/heads"], ["tone/said"]),
        graph.node("Split", ["tone/said", "tone/halves"], ["tone/attention", "tone/values"], axis=2),
        graph.node("Cast", [MASK], ["tone/mask"], to=graph.FLOAT),
        graph.node("Sub", ["tone/one", "tone/mask"], ["tone/padding"]),
        graph.node("Mul", ["tone/padding", "tone/never"], ["tone/closed"]),
        graph.node("Unsqueeze", ["tone/closed", "tone/last"], ["tone/closed_tokens"]),
        graph.node("Add", ["tone/attention", "tone/closed_tokens"], ["tone/open"]),
        graph.node("Softmax", ["tone/open"], ["tone/shares"], axis=1),
        graph.node("Mul", ["tone/shares", "tone/values"], ["tone/parts"]),
        graph.node("ReduceSum", ["tone/parts", "tone/along"], ["tone/sum"], keepdims=0),
        graph.node("Add", ["tone/sum", "tone/bias"], [OUTPUT]),
        graph.output(OUTPUT),
        graph.output(STATES),
    )


def load_readers(path: Path = WEIGHTS_FILE) -> dict[str, Reader]:
    """By tone, those that are there. Raises FileNotFoundError: without its weights the installation is broken."""
    with np.load(path) as data:
        return {
            name: Reader(
                data[f"{name}/squeeze"].astype(np.float32),
                data[f"{name}/squeeze_bias"],
                data[f"{name}/attention"],
                data[f"{name}/value"],
                float(data[f"{name}/bias"]),
            )
            for name in ALL_TONES
            if f"{name}/bias" in data
        }


def write_readers(path: Path, readers: Mapping[str, Reader]) -> None:
    arrays: dict[str, Any] = {}  # as NDArray of any type numpy's stub refuses them below
    for name, reader in readers.items():
        arrays |= {
            f"{name}/squeeze": reader.squeeze.astype(np.float16),
            f"{name}/squeeze_bias": reader.squeeze_bias.astype(np.float32),
            f"{name}/attention": reader.attention.astype(np.float32),
            f"{name}/value": reader.value.astype(np.float32),
            f"{name}/bias": np.array(reader.bias),
        }
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)
