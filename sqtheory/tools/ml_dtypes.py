"""ml_dtypes, the small types of JAX and TensorFlow."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly

TOOL = Tool(
    name="ml_dtypes",
    title="ml_dtypes: casts",
    modes=(
        Mode("float4_e2m1fn", "E2M1", format=exactly("cast(e2m1)")),
        Mode("float6_e2m3fn", "E2M3", format=exactly("cast(e2m3)")),
        Mode("float6_e3m2fn", "E3M2", format=exactly("cast(e3m2)")),
        Mode("bfloat16", "bfloat16", format=exactly("cast(bfloat16)")),
    ),
    guard=OrderGuard(CanOrder.quantizes, "zeros are values like others"),
    sources=(Measured("ml_dtypes", "0.6.0"),),
    surprises=(
        "E8M0 makes 0 NaN, and rounds midpoints up (3 → 4)",
        "int4 wraps: 8 → −8, 100 → 4",
        "NaN becomes −0 in E2M1, and −NaN +0",
    ),
)
