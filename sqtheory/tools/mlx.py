"""Apple's MLX."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, Observed, OrderGuard, Tool, ZeroFate, exactly

TOOL = Tool(
    name="mlx",
    title="MLX: quantize",
    modes=(
        Mode(
            "affine4",
            "4 bits in groups of 32",
            format=exactly(
                "affine(4, offset=edge, least=1e-07, block=32)",
                "mlx:affine4_32",
                seen=Observed(mixed=ZeroFate.residue, negative=ZeroFate.residue),
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
        Mode(
            "affine8",
            "8 bits in groups of 64",
            format=exactly(
                "affine(8, offset=edge, least=1e-07, block=64)",
                "mlx:affine8_64",
                seen=Observed(mixed=ZeroFate.residue, negative=ZeroFate.kept),
            ),
        ),
    ),
    guard=OrderGuard(CanOrder.quantizes, "zeros of a pruned weight come back, to rounding"),
    sources=(Measured("mlx", "0.32.4"),),
    surprises=("affine in bfloat16: zeros come back by up to 0.06 of a step at 4 bits, 0.96 at 8",),
)
