"""Hypothesis strategies for tensors, formats, partitions, quantizers and masks: what property tests draw from.

Any q and s obey the triangle inequality ‖x − q(s(x))‖_p ≤ ‖x − s(x)‖_p + ‖s(x) − q(s(x))‖_p, p ≥ 1; as a test::

    from hypothesis import given
    from sqtheory.orders.errors import error, norm
    from sqtheory.strategies import norms, pipelines, tensors

    @given(tensors(), pipelines(), norms(least=1))
    def test_errors_add_up(x, pipeline, p):
        s, q = pipeline
        parts = norm(error(s, x), p) + norm(error(q, s(x)), p)
        assert norm(error(s >> q, x), p) <= parts * (1 + 1e-12)

Without a shape, what is drawn fits every tensor of one or more axes. With a shape it may fit that one alone (tiles,
heads, fixed masks, …): ``shapes().flatmap(lambda shape: st.tuples(tensors(shape), pipelines(shape)))``. Drawn with
the defaults, every q and s gives every x of ``tensors()`` finite images q(x), s(x), q(s(x)), s(q(x)), and no error.
"""

from sqtheory.exceptions import MissingExtra

try:
    import hypothesis  # noqa: F401
except ModuleNotFoundError as error:
    raise MissingExtra("hypothesis", "test", "sqtheory.strategies") from error

from sqtheory.strategies.cases import cases
from sqtheory.strategies.operators import formats, masks, partitions, pipelines, quantizers
from sqtheory.strategies.tensors import Kind, blocks, norms, shapes, tensors

__all__ = [
    "Kind",
    "blocks",
    "cases",
    "formats",
    "masks",
    "norms",
    "partitions",
    "pipelines",
    "quantizers",
    "shapes",
    "tensors",
]
