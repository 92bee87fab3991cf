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
    share, z2 = successes / trials, z * z
    centre = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = z / (1 + z2 / trials) * math.sqrt(share * (1 - share) / trials + z2 / (4 * trials * trials))
    # At 0 and at n the formula gives exactly 0 and 1, but for rounding.
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == trials else min(1.0, centre + half)
    return low, high
