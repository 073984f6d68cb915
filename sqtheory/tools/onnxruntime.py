"""ONNX Runtime's quantizers."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly, nearly

WHY = "these take the neighbouring code, most where the ends of a block are ± one number"

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
            format=exactly(
                "affine(4, added=before, zero_rounding=half_away, reciprocal=true, block=32, rounding=half_away)",
                "onnxruntime:matmul4bits_asym",
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
        Mode("qdq-uint8", "QDQ, asymmetric", format=exactly("affine(8, per=tensor)", "onnxruntime:qdq_uint8")),
        Mode(
            "matmul2bits-asym",
            "2 bits, asymmetric",
            format=exactly(
                "affine(2, added=before, zero_rounding=half_away, reciprocal=true, block=32, rounding=half_away)",
                "onnxruntime:matmul2bits_asym",
            ),
        ),
        Mode(
            "rtn-sym",
            "RTN, symmetric, blocks of 32",
            format=nearly("int(4, block=32, scaling=midpoint)", "onnxruntime_weights:rtn_sym", 1168, 14336, WHY),
        ),
        Mode(
            "rtn-asym",
            "RTN, asymmetric, blocks of 32",
            format=nearly(
                "affine(4, added=before, range=own, block=32)", "onnxruntime_weights:rtn_asym", 1107, 14336, WHY
            ),
        ),
        Mode(
            "k_quant",
            "k_quant, blocks of 32",
            format=exactly("affine(4, offset=searched, block=32)", "onnxruntime_weights:k_quant_asym"),
        ),
        Mode("bnb4-nf4", "MatMulBnb4, NF4, flat blocks of 64", format=exactly("nf4()", "onnxruntime_weights:bnb4_nf4")),
        Mode(
            "bnb4-fp4",
            "MatMulBnb4, FP4, flat blocks of 64",
            format=exactly("scaled(fp4)", "onnxruntime_weights:bnb4_fp4"),
        ),
    ),
    guard=OrderGuard(CanOrder.quantizes, "zeros of a pruned weight stay, in all of 140 combinations of settings"),
    sources=(Measured("onnxruntime", "1.32.0"),),
    surprises=(
        "matmul4bits-sym takes (1, −1) to (0.875, −1): the maximum with its sign goes to −8",
        "k_quant's zero point is a code: the levels of a block of positive entries run from 0, and its scale does not "
        "reach them: of a block of 31 entries 1 and one 2 all become 1",
        "accuracy_level=4 adds up to 2.4e−7 from products of zero weights",
    ),
)
