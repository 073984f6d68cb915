"""llm-compressor, with compressed-tensors for what it writes."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly

TOOL = Tool(
    name="llmcompressor",
    title="llm-compressor: Wanda, SparseGPT and magnitude modifiers",
    modes=(
        Mode(
            "w4a16-2:4",
            "2:4 of SparseGPT or Wanda with uncorrelated inputs of one power, then W4A16",
            exactly("nm(2, 4, ties=introselect(prune))", "llmcompressor_masks:wanda_2_4"),
            exactly("int(4, block=128, scaling=midpoint)", "llmcompressor:W4A16"),
            counts="pruned",
            score="float32",
        ),
        Mode(
            "wanda-2:4",
            "Wanda, 2:4, inputs of one power",
            exactly("nm(2, 4, ties=introselect(prune))", "llmcompressor_masks:wanda_2_4"),
            counts="pruned",
            score="float32",
            note="what Wanda's norms do to the order: sqtheory methods wanda",
        ),
        Mode(
            "wanda-50%",
            "Wanda, half of every row, inputs of one power",
            exactly("top(0.5, per=row, ties=high_index)", "llmcompressor_masks:wanda_half"),
            counts="pruned",
            score="float32",
        ),
        Mode(
            "magnitude-50%",
            "MagnitudePruningModifier, half of a tensor",
            exactly("top(0.5, ties=all_die)", "llmcompressor_masks:magnitude_half"),
            counts="pruned",
            score="float32",
        ),
        Mode(
            "wanda-1:4",
            "Wanda, one of four pruned, inputs of one power",
            exactly("nm(3, 4, ties=introselect(prune))", "llmcompressor_masks:wanda_1_4"),
            counts="pruned",
            score="float32",
        ),
        Mode(
            "sparsegpt-2:4",
            "SparseGPT, 2:4, uncorrelated inputs of one power",
            exactly("nm(2, 4, ties=introselect(prune))", "llmcompressor_masks:sparsegpt_2_4"),
            counts="pruned",
            score="float32",
        ),
    ),
    guard=OrderGuard(
        CanOrder.either,
        "modifiers run in the order of the recipe; nothing warns of quantizing first, and its GPTQ keeps no zeros",
    ),
    sources=(
        Measured("llmcompressor", "0.14.0.1"),
        Measured("compressed-tensors", "0.19.0"),
    ),
    surprises=(
        "1:4 prunes one of four",
        "SparseGPT unstructured prunes one too many in every 128 columns, and all of equal entries",
        "MagnitudePruningModifier has no n:m",
    ),
)
