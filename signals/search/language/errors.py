"""What is wrong with a query, and at which character."""

from raindrop.errors import ApiError


class QueryError(ValueError):
    """`start` and `end`: the part of the query that is wrong, as offsets in characters. The message says what would do."""

    def __init__(self, message: str, *, start: int = 0, end: int | None = None) -> None:
        super().__init__(message)
        self.message, self.start = message, start
        self.end = start + 1 if end is None else end

    def as_api_error(self, *, field: str) -> ApiError:
        """A 400 in the documented shape. `field`: the parameter that holds the query."""
        place = {"field": field, "start": self.start, "end": self.end}
        return ApiError(400, f"{self.message} (at character {self.start + 1})", details=place)
