"""ml_dtypes, the small types of JAX and TensorFlow."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly, nearly

TOOL = Tool(
    name="ml_dtypes",
    title="ml_dtypes: casts",
    modes=(
        Mode("float4_e2m1fn", "E2M1", format=exactly("cast(e2m1)", "ml_dtypes:float4_e2m1fn")),
        Mode("float6_e2m3fn", "E2M3", format=exactly("cast(e2m3)", "ml_dtypes:float6_e2m3fn")),
        Mode("float6_e3m2fn", "E3M2", format=exactly("cast(e3m2)", "ml_dtypes:float6_e3m2fn")),
        Mode("bfloat16", "bfloat16", format=exactly("cast(bfloat16)", "ml_dtypes:bfloat16")),
        Mode(
            "float8_e4m3fn",
            "E4M3, not saturating",
            format=nearly("cast(e4m3)", "ml_dtypes:float8_e4m3fn", 338, 6144, "what overflows is NaN there"),
        ),
        Mode("float8_e5m2", "E5M2, not saturating", format=exactly("cast(e5m2)", "ml_dtypes:float8_e5m2")),
    ),
    guard=OrderGuard(CanOrder.quantizes, "zeros are values like others"),
    sources=(Measured("ml_dtypes", "0.6.0"),),
    surprises=(
        "E8M0 makes 0 NaN, and rounds midpoints up (3 → 4)",
        "int4 wraps: 8 → −8, 100 → 4",
        "NaN becomes −0 in E2M1, and −NaN +0",
    ),
)
