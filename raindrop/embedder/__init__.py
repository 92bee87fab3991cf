"""Text to vectors, on this machine: all-MiniLM-L6-v2 (int8 ONNX, see NOTICE). Knows nothing of the domain."""

from raindrop.embedder.onnx import DIMENSIONS, MAX_TOKENS, MODEL, embed_texts

__all__ = ["DIMENSIONS", "MAX_TOKENS", "MODEL", "embed_texts"]
