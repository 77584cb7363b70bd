"""Student's t: how far a mean of a few replications may be from the truth."""

from __future__ import annotations

import math
from collections.abc import Sequence

_CONFIDENCE = 0.95


def half_width(values: Sequence[float], confidence: float = _CONFIDENCE) -> float | None:
    """Give the half-width of the confidence interval around the mean of independent values.

    With fewer than two values there is no interval: None.
    """
    count = len(values)
    if count < 2:  # noqa: PLR2004 - two values are what a spread needs
        return None
    mean = math.fsum(values) / count
    variance = math.fsum((value - mean) ** 2 for value in values) / (count - 1)
    return t_quantile(confidence, count - 1) * math.sqrt(variance / count)


def t_quantile(confidence: float, freedom: int) -> float:
    """Give the t that |T| stays below with this probability (two-sided), to 12 digits.

    Raises:
        ValueError: the probability is not between 0 and 1, or there is no degree of freedom.
    """
    if not 0 < confidence < 1 or freedom < 1:
        raise ValueError("a confidence lies between 0 and 1, and freedom is 1 or more")
    low, high = 0.0, math.pi / 2
    while (middle := (low + high) / 2) not in (low, high):
        if _inside(middle, freedom) < confidence:
            low = middle
        else:
            high = middle
    return math.tan(high) * math.sqrt(freedom)


def _inside(theta: float, freedom: int) -> float:
    """Give P(|T| < tan(theta) * sqrt(freedom)): Abramowitz and Stegun 26.7.3 and 26.7.4."""
    cosine = math.cos(theta)
    odd = freedom % 2
    term = cosine if odd else 1.0
    total = 0.0
    for step in range(1 + odd, freedom, 2):
        total += term
        term *= cosine * cosine * step / (step + 1)
    total *= math.sin(theta)
    return 2 / math.pi * (theta + total) if odd else total
