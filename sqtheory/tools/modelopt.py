"""NVIDIA Model-Optimizer."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, missing

PATTERNS = "it takes the first best of six patterns by a float32 sum"

TOOL = Tool(
    name="modelopt",
    title="NVIDIA Model-Optimizer: 2:4 and quantization",
    modes=(
        Mode(
            "sparse_magnitude",
            "2:4 by magnitude",
            missing(PATTERNS, "modelopt_sparse:magnitude"),
            counts="kept",
            score="float32 sums of two",
        ),
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
