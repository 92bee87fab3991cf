"""Text to vectors and tones, on this machine: all-MiniLM-L6-v2 (int8 ONNX, see NOTICE). Knows nothing of the domain."""

from raindrop.embedder.onnx import DIMENSIONS, MAX_TOKENS, MODEL, Reading, embed_texts, read_texts
from raindrop.embedder.tone import AGENT_TONES, ALL_TONES, TONES

__all__ = [
    "AGENT_TONES",
    "ALL_TONES",
    "DIMENSIONS",
    "MAX_TOKENS",
    "MODEL",
    "TONES",
    "Reading",
    "embed_texts",
    "read_texts",
]
