"""What the order costs in the output of a linear layer: measured, and predicted from the weights and second moments."""

import numpy as np

from sqtheory.arrays import ArrayLike, as_real
from sqtheory.expectations.predict import block_gaps, blocks_of
from sqtheory.matrix_errors import as_matrix, gram_norm
from sqtheory.quantizers import Quantizer
from sqtheory.sparsifiers import Sparsifier
from sqtheory.two_orders import both


def output_gap(q: Quantizer, s: Sparsifier, w: ArrayLike, moments: ArrayLike) -> float:
    """E‖ε_{s∘q}(W) x‖² − E‖ε_{q∘s}(W) x‖² = tr(E Σ_x Eᵀ) of Q→S less that of S→Q (theorem ``gram_error``)."""
    weight = as_matrix(w, "W")
    orders = both(weight, s, q)
    before, after = (gram_norm(weight - image, moments) ** 2 for image in (orders.masked_image, orders.after_mask))
    return before - after


def predict_output_gap(q: Quantizer, s: Sparsifier, w: ArrayLike, moments: ArrayLike) -> float:
    """Σ_B gap_B Σ_{i ∈ B} (Σ_x)_ii/|B|: the order-gap law of every scale block, weighted by the power of its inputs.

    gap_B is the expected gap in squared L2 over all arrangements of the block's entries (``block_gaps``). Two
    modelling steps: where an entry lies in its block does not depend on the power of its input, and errors on
    two inputs have no common sign, so that only the diagonal of Σ_x counts. ``moments`` is Σ_x or its diagonal.
    Raises ValueError as ``predict_order_gap`` does.
    """
    weight, power = as_matrix(w, "W"), as_real(moments).astype(np.float64)
    power = np.diagonal(power) if power.ndim == 2 else power
    if power.shape != (weight.shape[1],):
        raise ValueError(f"W has {weight.shape[1]} inputs, second moments are of {power.shape}")
    pieces = blocks_of(q).split(np.broadcast_to(power, weight.shape))
    gaps = block_gaps(q, s, weight, 2)
    return float(sum((gap * rows.mean(axis=1)).sum() for gap, rows in zip(gaps, pieces, strict=True)))
