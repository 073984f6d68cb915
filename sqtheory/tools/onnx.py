"""The operators of ONNX by its reference evaluator."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly

TOOL = Tool(
    name="onnx",
    title="ONNX reference evaluator: Cast, QuantizeLinear",
    modes=(
        Mode(
            "qdq-int4",
            "QuantizeLinear in blocks of 32, the user's scale amax/7",
            format=exactly("int(4, block=32)", "onnx:qdq_int4"),
        ),
        Mode("qdq-int8", "the same, amax/127", format=exactly("int(8, block=32)", "onnx:qdq_int8")),
        Mode("qdq-e2m1", "E2M1, amax/6", format=exactly("scaled(e2m1, block=32)", "onnx:qdq_e2m1")),
        Mode("qdq-e4m3", "E4M3, amax/448", format=exactly("scaled(e4m3, block=32)", "onnx:qdq_e4m3fn")),
        Mode("cast-e4m3", "Cast to float8e4m3fn", format=exactly("cast(e4m3)", "onnx:cast_e4m3fn")),
        Mode("cast-e5m2", "Cast to float8e5m2", format=exactly("cast(e5m2)", "onnx:cast_e5m2")),
        Mode("cast-e2m1", "Cast to float4e2m1", format=exactly("cast(e2m1)", "onnx:cast_e2m1")),
        Mode("cast-float16", "Cast to float16", format=exactly("cast(float16)", "onnx:cast_float16")),
        Mode("cast-bfloat16", "Cast to bfloat16", format=exactly("cast(bfloat16)", "onnx:cast_bfloat16")),
    ),
    guard=OrderGuard(CanOrder.quantizes, "zeros are values like others"),
    sources=(Measured("onnx", "1.23.2"),),
    surprises=("E8M0 rounds up by default (1.1 → 2) and 0 becomes 2⁻¹²⁷",),
)
