"""torchao, whose pruners are gone."""

from sqtheory.tools.tool import (
    CanOrder,
    Kept,
    Measured,
    Mode,
    Observed,
    OrderGuard,
    Tool,
    exactly,
    missing,
    nearly,
)

RECIPROCAL = "it multiplies by the reciprocal of the scale, which makes 7.5 now 7, now 8"
POINT = "it has an integer zero point besides the scale"

TOOL = Tool(
    name="torchao",
    title="torchao, weights only",
    modes=(
        Mode(
            "int4",
            "Int4WeightOnlyConfig, tinygemm: an offset at mid-range, bfloat16",
            format=missing(
                "it has a real offset besides the scale",
                "torchao:int4_tinygemm_bfloat16",
                Observed(Kept.lost, Kept.kept),
            ),
        ),
        Mode(
            "int4-symmetric",
            "IntxWeightOnlyConfig int4, symmetric, groups of 32",
            format=nearly("int(4, block=32, scaling=midpoint)", "torchao:int4_symmetric", 20, 8192, RECIPROCAL),
        ),
        Mode("int4-asymmetric", "the same, asymmetric", format=missing(POINT, "torchao:int4_asymmetric")),
        Mode(
            "int8",
            "Int8WeightOnlyConfig, per row",
            format=nearly("int(8, per=row, scaling=midpoint)", "torchao:int8_row", 0, 0, RECIPROCAL),
        ),
        Mode("mxfp4", "MX, E2M1, floor", format=exactly("mxfp(e2m1)", "torchao:mxfp4_floor")),
        Mode("mxfp4-ceil", "MX, E2M1, ceil", format=exactly("mxfp(e2m1, scaling=ceil)", "torchao:mxfp4_ceil")),
        Mode("mxfp4-even", "MX, E2M1, even", format=exactly("mxfp(e2m1, scaling=even)", "torchao:mxfp4_even")),
        Mode("mxfp4-rceil", "MX, E2M1, rceil", format=exactly("mxfp(e2m1, scaling=rceil)", "torchao:mxfp4_rceil")),
        Mode("mxfp8", "MX, E4M3, floor", format=exactly("mxfp(e4m3)", "torchao:mxfp8_floor")),
        Mode("mxfp8-rceil", "MX, E4M3, rceil", format=exactly("mxfp(e4m3, scaling=rceil)", "torchao:mxfp8_rceil")),
        Mode("nvfp4", "NVFP4WeightOnlyConfig", format=nearly("nvfp4()", "torchao:nvfp4", 0, 0, "")),
        Mode("fp8", "Float8WeightOnlyConfig, per row", format=exactly("scaled(e4m3, per=row)", "torchao:fp8_row")),
    ),
    guard=OrderGuard(CanOrder.quantizes, "zeros of a pruned weight are values like others"),
    sources=(Measured("torchao", "0.18.0"),),
    surprises=(
        "tinygemm's grid has no zero in a block of both signs: every pruned entry comes back",
        "amax/7.5 makes every block maximum a midpoint, which the last bit of float32 decides",
        "an all-zero row is NaN under Float8WeightOnlyConfig, an all-zero tensor under NVFP4WeightOnlyConfig",
    ),
)
