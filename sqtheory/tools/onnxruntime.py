"""ONNX Runtime's quantizers."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, Observed, OrderGuard, Tool, ZeroFate, exactly, missing

POINT = "it has an integer zero point besides the scale"

TOOL = Tool(
    name="onnxruntime",
    title="ONNX Runtime: MatMulNBits and static quantization",
    modes=(
        Mode(
            "matmul4bits-sym",
            "blocks of 32, symmetric",
            format=exactly(
                "int(4, block=32, scaling=signedmax(minimum=true), rounding=half_up)", "onnxruntime:matmul4bits_sym"
            ),
        ),
        Mode(
            "matmul4bits-asym",
            "blocks of 32, asymmetric",
            format=missing(
                POINT, "onnxruntime:matmul4bits_asym", Observed(mixed=ZeroFate.kept, negative=ZeroFate.kept)
            ),
        ),
        Mode(
            "matmul8bits-sym",
            "8 bits, symmetric",
            format=exactly(
                "int(8, block=32, scaling=signedmax(minimum=true), rounding=half_up)", "onnxruntime:matmul8bits_sym"
            ),
        ),
        Mode("qdq-int8", "QDQ, one scale", format=exactly("int(8, per=tensor)", "onnxruntime:qdq_int8")),
        Mode(
            "qdq-int8-per-channel",
            "QDQ, a scale for each output",
            format=exactly("int(8, per=row)", "onnxruntime:qdq_int8_per_channel"),
        ),
        Mode(
            "qdq-uint8",
            "QDQ, asymmetric",
            format=missing(POINT, "onnxruntime:qdq_uint8", Observed(mixed=ZeroFate.kept, negative=ZeroFate.kept)),
        ),
    ),
    guard=OrderGuard(CanOrder.quantizes, "zeros of a pruned weight stay, in all of 140 combinations of settings"),
    sources=(Measured("onnxruntime", "1.32.0"),),
    surprises=(
        "matmul4bits-sym takes (1, −1) to (0.875, −1): the maximum with its sign goes to −8",
        "accuracy_level=4 adds up to 2.4e−7 from products of zero weights",
    ),
)
