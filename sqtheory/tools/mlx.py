"""Apple's MLX."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, Observed, OrderGuard, Tool, ZeroFate, exactly, missing

TOOL = Tool(
    name="mlx",
    title="MLX: quantize",
    modes=(
        Mode(
            "affine4",
            "4 bits in groups of 32",
            format=missing(
                "it has a real offset, at the edge of larger magnitude",
                "mlx:affine4_32",
                Observed(mixed=ZeroFate.residue, negative=ZeroFate.residue),
            ),
        ),
        Mode(
            "mxfp4", "E2M1 per 32", format=exactly("mxfp(e2m1, scaling=rceil, rounding=half_toward_zero)", "mlx:mxfp4")
        ),
        Mode("mxfp8", "E4M3 per 32", format=exactly("mxfp(e4m3, scaling=rceil)", "mlx:mxfp8")),
        Mode(
            "nvfp4",
            "E2M1 under E4M3 per 16",
            format=exactly(
                "scaled(e2m1, block=16, scaling=stored(e4m3, least=0.0), rounding=half_toward_zero)", "mlx:nvfp4"
            ),
        ),
    ),
    guard=OrderGuard(CanOrder.quantizes, "zeros of a pruned weight come back, to rounding"),
    sources=(Measured("mlx", "0.32.4"),),
    surprises=("affine in bfloat16: zeros come back by up to 0.06 of a step at 4 bits, 0.96 at 8",),
)
