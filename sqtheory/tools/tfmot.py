"""TensorFlow's model optimization toolkit."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly

TOOL = Tool(
    name="tfmot",
    title="tensorflow-model-optimization: prune_low_magnitude",
    modes=(
        Mode("2:4", "two zeros of four inputs", exactly("nm(2, 4)", "tfmot:2_4"), counts="pruned"),
        Mode("1:4", "one zero of four inputs", exactly("nm(3, 4)", "tfmot:1_4"), counts="pruned"),
        Mode(
            "50%",
            "half of a tensor",
            exactly("top(0.5, count=even_kept, ties=all_survive)", "tfmot:half"),
            counts="pruned",
        ),
    ),
    guard=OrderGuard(CanOrder.sparsify_first, "quantization is the converter's, after pruning; PQAT keeps zeros"),
    sources=(
        Measured("tensorflow-model-optimization", "0.8.1"),
        Measured("tensorflow", "2.21.0"),
    ),
    surprises=(
        "m of (m, n) are zeros",
        "of equal weights at 50 % all stay",
        "an n:m mask is chosen at the first step and never again",
    ),
)
