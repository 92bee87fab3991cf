"""The vector of an issue's text, kept for the process: the queue and the training ask for it again and again."""

import functools

import numpy as np
from numpy.typing import NDArray

from issues.classifier.definition_text import what_counts
from issues.models import Issue
from raindrop.embedder import embed_texts


def definition_vector(issue: Issue) -> NDArray[np.float32]:
    """(384,), unit length, of the title and what counts by the description."""
    return _embed(f"{issue.title}. {what_counts(issue.description)}".strip())


@functools.lru_cache(maxsize=512)
def _embed(text: str) -> NDArray[np.float32]:
    vector: NDArray[np.float32] = embed_texts([text])[0]
    vector.setflags(write=False)
    return vector
