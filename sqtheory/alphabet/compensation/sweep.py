"""Columns rounded one after the other, the error of each made up for by those that follow."""

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from sqtheory.arrays import Array, Mask

WIDTH = 128
"""Columns between which errors are handed on one by one, and to the rest together."""
Image: TypeAlias = Callable[[int, Array], Array]
"""What becomes of column j, which holds the errors of those before it: (j, column) ↦ its image, float64."""
Enter: TypeAlias = Callable[[int, Array], None]
"""Told where a stretch of columns begins, and the matrix with all errors before it handed on."""


def swept(
    w: Array,
    factor: Array,
    image: Image,
    *,
    reach: Mask | None = None,
    starts: Iterable[int] = (),
    enter: Enter | None = None,
    width: int = WIDTH,
) -> Array:
    """v_j = image(w_j − Σ_{i<j} (e_i/U_ii) U_ij) for e_i = what i held minus v_i: GPTQ, by blocks of columns, float64.

    w (rows, inputs); ``factor`` the upper triangular U with H⁻¹ = UᵀU (``inverse_factor``). The loss tr(E H Eᵀ) of
    E = W − V is Σ_j ‖e_j‖²/U_jj². ``reach``: errors are handed on to these entries only, and that identity is lost.
    ``enter`` is called at each of ``starts``. `frantar2023gptq`, Algorithm 1; LDLQ of `chee2023quip`, §3, and the
    nearest plane of `babai1986lattice` do the same.
    """
    columns = np.array(w.T, np.float64, order="C")
    open_ = None if reach is None else np.ascontiguousarray(reach.T)
    inputs, rows = columns.shape
    begins = {*starts}
    for start, end in pairwise(sorted({0, inputs, *range(0, inputs, width), *begins})):
        if enter is not None and start in begins:
            enter(start, columns.T)
        own, errors = factor[start:end, start:end], np.empty((end - start, rows))
        for i, j in enumerate(range(start, end)):
            value = image(j, columns[j])
            errors[i] = (columns[j] - value) / own[i, i]
            columns[j] = value
            _hand_on(columns, open_, slice(j + 1, end), own[i, i + 1 :, None] * errors[i])
        _hand_on(columns, open_, slice(end, inputs), factor[start:end, end:].T @ errors)
    return np.ascontiguousarray(columns.T)


def _hand_on(columns: Array, reach: Mask | None, to: slice, change: Array) -> None:
    columns[to] -= change if reach is None else np.where(reach[to], change, 0.0)
