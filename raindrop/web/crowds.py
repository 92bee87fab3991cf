"""How many may do an expensive thing at once. Of this process alone: with several web processes each lets as many through."""

import threading
from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from raindrop.errors import ApiError

RETRY_AFTER = 2  # seconds


class Crowd:
    """At most `most` of one owner (a project) at once. `noun`: what they do, in the plural, for whoever is turned away."""

    def __init__(self, *, most: int, noun: str) -> None:
        self.most, self.noun = most, noun
        self._inside: Counter[Hashable] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def enter(self, owner: Hashable) -> Iterator[None]:
        """Raises ApiError 429 when as many are at it already: nobody waits here, since a waiting request holds a thread."""
        with self._lock:
            if self._inside[owner] >= self.most:
                raise ApiError(
                    429,
                    f"This project runs {self.most} {self.noun} at once already, as many as it may. Try again in {RETRY_AFTER} s.",
                    retry_after=RETRY_AFTER,
                )
            self._inside[owner] += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside[owner] -= 1
                if not self._inside[owner]:
                    del self._inside[owner]
