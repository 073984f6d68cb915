"""The official code of the paper that this package starts from."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly

TOOL = Tool(
    name="interplay",
    title="the official code of Effective Interplay between Sparsity and Quantization",
    modes=(
        Mode(
            "hbfp6-2:4",
            "2:4 by magnitude and HBFP of 6 bits, blocks of 64",
            exactly("nm(2, 4)"),
            exactly("hbfp(6, compat=1e-08)"),
            counts="kept",
        ),
        Mode("hbfp8", "HBFP of 8 bits", format=exactly("hbfp(8, compat=1e-08)")),
    ),
    guard=OrderGuard(CanOrder.either, "a flag says which comes first"),
    sources=(Measured("parsa-epfl/quantization-sparsity-interplay", "official code", ran=False),),
    surprises=("1e−8 is added before the logarithm of the maximum, so small blocks get a larger exponent",),
)
