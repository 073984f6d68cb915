"""torchao, whose pruners are gone."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, Observed, OrderGuard, Tool, ZeroFate, exactly, nearly

TOOL = Tool(
    name="torchao",
    title="torchao, weights only",
    modes=(
        Mode(
            "int4",
            "Int4WeightOnlyConfig, tinygemm: an offset at mid-range, bfloat16",
            format=exactly(
                "affine(4, offset=midpoint, computed=bfloat16, block=32)",
                "torchao:int4_tinygemm_bfloat16",
                seen=Observed(mixed=ZeroFate.lost, positive=ZeroFate.kept),
            ),
        ),
        Mode(
            "int4-symmetric",
            "IntxWeightOnlyConfig int4, symmetric, groups of 32",
            format=exactly("int(4, block=32, scaling=reciprocal(midpoint))", "torchao:int4_symmetric"),
        ),
        Mode(
            "int4-asymmetric",
            "the same, asymmetric",
            format=exactly("affine(4, reciprocal=true, block=32)", "torchao:int4_asymmetric"),
        ),
        Mode(
            "int8",
            "Int8WeightOnlyConfig, per row",
            format=exactly("int(8, per=row, scaling=reciprocal(midpoint))", "torchao:int8_row"),
        ),
        Mode("mxfp4", "MX, E2M1, floor", format=exactly("mxfp(e2m1)", "torchao:mxfp4_floor")),
        Mode("mxfp4-ceil", "MX, E2M1, ceil", format=exactly("mxfp(e2m1, scaling=ceil)", "torchao:mxfp4_ceil")),
        Mode("mxfp4-even", "MX, E2M1, even", format=exactly("mxfp(e2m1, scaling=even)", "torchao:mxfp4_even")),
        Mode("mxfp4-rceil", "MX, E2M1, rceil", format=exactly("mxfp(e2m1, scaling=rceil)", "torchao:mxfp4_rceil")),
        Mode("mxfp8", "MX, E4M3, floor", format=exactly("mxfp(e4m3)", "torchao:mxfp8_floor")),
        Mode("mxfp8-rceil", "MX, E4M3, rceil", format=exactly("mxfp(e4m3, scaling=rceil)", "torchao:mxfp8_rceil")),
        Mode(
            "nvfp4",
            "NVFP4WeightOnlyConfig",
            format=nearly(
                "nvfp4()",
                "torchao:nvfp4",
                166,
                10240,
                "these take a neighbouring code, 162 of them where rows differ by powers of two",
            ),
        ),
        Mode(
            "fp8",
            "Float8WeightOnlyConfig, per row",
            format=nearly("scaled(e4m3, per=row)", "torchao:fp8_row", 256, 6144, "an all-zero row is NaN there"),
        ),
        Mode(
            "int4-no-clipping",
            "the same, SYMMETRIC_NO_CLIPPING_ERR",
            format=exactly("int(4, block=32, scaling=unclipped)", "torchao:int4_symmetric_no_clipping_err"),
        ),
        Mode(
            "nvfp4-no-tensor-scale",
            "use_dynamic_per_tensor_scale=False",
            format=nearly(
                "scaled(e2m1, block=16, scaling=stored(e4m3, least=0.0))",
                "torchao:nvfp4_no_tensor_scale",
                7,
                10240,
                "these take a neighbouring code where rows differ by powers of two",
            ),
        ),
        Mode("mxfp8-ceil", "MX, E4M3, ceil", format=exactly("mxfp(e4m3, scaling=ceil)", "torchao:mxfp8_ceil")),
        Mode("mxfp8-even", "MX, E4M3, even", format=exactly("mxfp(e4m3, scaling=even)", "torchao:mxfp8_even")),
        Mode(
            "int8-asymmetric",
            "IntxWeightOnlyConfig int8, asymmetric, per row",
            format=exactly("affine(8, reciprocal=true, per=row)", "torchao:int8_asymmetric_row"),
        ),
        Mode(
            "int4-float32",
            "tinygemm in float32",
            format=exactly(
                "affine(4, offset=midpoint, block=32)",
                "torchao:int4_tinygemm_float32",
                seen=Observed(mixed=ZeroFate.lost, positive=ZeroFate.kept),
            ),
        ),
    ),
    guard=OrderGuard(CanOrder.quantizes, "zeros of a pruned weight are values like others"),
    sources=(Measured("torchao", "0.18.0"),),
    surprises=(
        "tinygemm's grid has no zero in a block of both signs: every pruned entry comes back",
        "amax/7.5 makes every block maximum a midpoint, which the last bit of float32 decides",
        "an all-zero row is NaN under Float8WeightOnlyConfig, an all-zero tensor under NVFP4WeightOnlyConfig",
    ),
)
