"""Small statistics over counts, known to every room."""

import math

Z95 = 1.959963984540054  # the normal distribution's 97.5 % point: a two-sided 95 % interval
Z90 = 1.6448536269514722  # its 95 % point: a two-sided 90 % interval


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


def newcombe(a: int, of_a: int, b: int, of_b: int, *, z: float = Z95) -> tuple[float, float, float] | None:
    """The difference of two independent proportions a / of_a - b / of_b and its interval (difference, low, high); None when one of them was
    never tried.

    Newcombe (1998), "Interval estimation for the difference between independent proportions: comparison of eleven methods", Statistics in
    Medicine 17, method 10: made of the two Wilson intervals. statsmodels has it too, with pandas behind it (60 MB).
    """
    first, second = wilson(a, of_a, z=z), wilson(b, of_b, z=z)
    if first is None or second is None:
        return None
    p, q = a / of_a, b / of_b
    less = math.hypot(p - first[0], second[1] - q)
    more = math.hypot(first[1] - p, q - second[0])
    return p - q, p - q - less, p - q + more


def would_show(of_a: int, of_b: int, *, share: float, z: float = Z95) -> bool:
    """Whether so many trials could tell that a share doubled: whether Newcombe's interval of the difference leaves out 0 where `share` was seen
    of `of_b` and twice as much of `of_a` (half as much of a share above one half). False: there are too few to tell, whatever is seen."""
    if of_a <= 0 or of_b <= 0 or share <= 0:
        return False
    p, q = (2 * share if share <= 0.5 else share / 2), share
    first, second = wilson_of_share(p, of_a, z=z), wilson_of_share(q, of_b, z=z)
    less, more = math.hypot(p - first[0], second[1] - q), math.hypot(first[1] - p, q - second[0])
    return p - q - less > 0 or p - q + more < 0
