"""Small statistics over counts, known to every room."""

import math

Z95 = 1.959963984540054  # the normal distribution's 97.5 % point: a two-sided 95 % interval


def wilson(successes: int, trials: int, *, z: float = Z95) -> tuple[float, float] | None:
    """The interval (low, high) of a proportion, None when nothing was tried.

    Wilson (1927), "Probable inference, the law of succession, and statistical inference", JASA 22; as
    recommended for small samples by Brown, Cai and DasGupta (2001), Statistical Science 16(2).
    """
    if trials <= 0:
        return None
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} of {trials} is not a proportion")
    return wilson_of_share(successes / trials, trials, z=z)


def wilson_of_share(share: float, trials: float, *, z: float = Z95) -> tuple[float, float]:
    """Wilson's interval of a share that was seen in `trials` (above 0, not necessarily whole: an effective count of a weighted sample)."""
    z2 = z * z
    centre = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = (
        z / (1 + z2 / trials) * math.sqrt(max(0.0, share * (1 - share)) / trials + z2 / (4 * trials * trials))
    )
    # At 0 and 1 the formula gives exactly 0 and 1, but for rounding.
    low = 0.0 if share <= 0 else max(0.0, centre - half)
    high = 1.0 if share >= 1 else min(1.0, centre + half)
    return low, high
