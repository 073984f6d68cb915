"""Apple's MLX."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly, missing

TOOL = Tool(
    name="mlx",
    title="MLX: quantize",
    modes=(
        Mode("affine4", "4 bits in groups", format=missing("it has a real offset, moved to the edge of larger size")),
        Mode("mxfp4", "E2M1 per 32", format=missing("it rounds half toward zero")),
        Mode("mxfp8", "E4M3 per 32", format=exactly("mxfp(e4m3, scaling=rceil)")),
        Mode("nvfp4", "E2M1 under E4M3 per 16", format=missing("it has no scale of the tensor")),
    ),
    guard=OrderGuard(CanOrder.quantizes, "zeros of a pruned weight come back, to rounding"),
    sources=(Measured("mlx", "0.32.4"),),
    surprises=("affine in bfloat16: zeros come back by up to 0.06 of a step at 4 bits, 0.96 at 8",),
)
