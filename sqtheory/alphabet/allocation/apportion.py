"""Whole numbers near given shares, of an exact sum."""

from collections.abc import Sequence
from fractions import Fraction
from math import ceil, floor


def apportioned(quotas: Sequence[Fraction], total: int) -> tuple[int, ...]:
    """Every quota rounded down or up, with the sum ``total``: the largest remainders go up, the first among equals.

    No other roundings of that sum have a smaller Σ|n_l − quota_l|. Raises ValueError where no roundings have it.
    """
    down = [floor(quota) for quota in quotas]
    if not sum(down) <= total <= sum(map(ceil, quotas)):
        raise ValueError(f"{total} is no sum of roundings of quotas that sum to {float(sum(quotas)):g}")
    first = sorted(range(len(quotas)), key=lambda at: (down[at] - quotas[at], at))
    raised = set(first[: total - sum(down)])
    return tuple(count + (at in raised) for at, count in enumerate(down))
