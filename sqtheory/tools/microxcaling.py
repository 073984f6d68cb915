"""Microsoft's microxcaling."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly

TOOL = Tool(
    name="microxcaling",
    title="microxcaling: MX emulation in torch",
    modes=(
        Mode("mxfp4", "E2M1, round=even", format=exactly("mxfp(e2m1)", "microxcaling:fp4_e2m1_even")),
        Mode(
            "mxfp4-nearest",
            "E2M1, round=nearest",
            format=exactly("mxfp(e2m1, rounding=half_away)", "microxcaling:fp4_e2m1_nearest"),
        ),
        Mode(
            "mxfp4-floor",
            "E2M1, round=floor",
            format=exactly("mxfp(e2m1, rounding=toward_zero)", "microxcaling:fp4_e2m1_floor"),
        ),
        Mode("mxfp8", "E4M3, round=even", format=exactly("mxfp(e4m3)", "microxcaling:fp8_e4m3_even")),
        Mode("mxint8", "8 bits, round=even", format=exactly("mxint(8)", "microxcaling:int8_even")),
        Mode("mxfp6", "E2M3, round=even", format=exactly("mxfp(e2m3)", "microxcaling:fp6_e2m3_even")),
    ),
    guard=OrderGuard(CanOrder.quantizes, "zeros are values like others"),
    sources=(Measured("microsoft/microxcaling", "7bc4195"),),
    surprises=(
        "round=floor is toward zero, and round=nearest half away from it",
        "floor(log₂) in float32 takes maxima just below a power of two for it",
        "flush_fp32_subnorms zeroes whole blocks with a subnormal maximum",
    ),
)
