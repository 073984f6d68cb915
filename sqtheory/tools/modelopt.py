"""NVIDIA Model-Optimizer."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly, nearly

TOOL = Tool(
    name="modelopt",
    title="NVIDIA Model-Optimizer: 2:4 and quantization",
    modes=(
        Mode(
            "sparse_magnitude",
            "2:4 by magnitude",
            exactly("patterns(2, 4)", "modelopt_sparse:magnitude"),
            counts="kept",
            score="float32 sums of two",
        ),
        Mode(
            "sparsegpt",
            "SparseGPT, 2:4, uncorrelated inputs of one power",
            nearly(
                "nm(2, 4, ties=introselect(prune))",
                "modelopt_sparse:sparsegpt",
                559,
                30720,
                "of equal entries it prunes others",
            ),
            counts="kept",
        ),
        Mode(
            "INT4",
            "INT4QTensor, blocks of 32",
            format=nearly(
                "int(4, block=32)",
                "modelopt:int4",
                1714,
                8192,
                "last bits, and of tied entries 104 take the neighbouring code",
            ),
        ),
        Mode("INT8", "INT8QTensor, per row", format=exactly("int(8, per=row)", "modelopt:int8_row")),
        Mode(
            "FP8",
            "FP8QTensor, per row",
            format=nearly("scaled(e4m3, per=row)", "modelopt:fp8_row", 256, 8192, "an all-zero row is NaN there"),
        ),
        Mode(
            "FP8_DEFAULT",
            "fake-quantized E4M3, one scale",
            format=exactly("scaled(e4m3, per=tensor)", "modelopt:fp8_fake"),
        ),
        Mode(
            "MXFP4",
            "MXFP4QTensor",
            format=exactly("mxfp(e2m1, scaling=rceil, rounding=half_toward_zero)", "modelopt:mxfp4"),
        ),
        Mode("MXFP8", "MXFP8QTensor", format=exactly("mxfp(e4m3, scaling=rceil)", "modelopt:mxfp8")),
        Mode("NVFP4", "NVFP4QTensor", format=exactly("nvfp4()", "modelopt:nvfp4")),
    ),
    guard=OrderGuard(
        CanOrder.sparsify_first,
        "mts.sparsify of a quantized model prunes nothing, and says nothing; a written guard never fires",
    ),
    sources=(Measured("nvidia-modelopt", "0.47.0"),),
    surprises=(
        "of four equal entries {1, 3} stay",
        "a sum of two in float32: 1 absorbs what is below 2⁻²⁴, so (1, 0, 0, 2e−8) keeps {0, 1}",
        "layers whose sizes 8 and 16 do not divide are skipped and stay dense",
    ),
)
