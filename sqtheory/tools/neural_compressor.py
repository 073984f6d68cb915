"""Intel neural-compressor, last release with a pruner."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly

TOOL = Tool(
    name="neural-compressor",
    title="neural-compressor: prepare_pruning, until 3.6",
    modes=(
        Mode(
            "2:4",
            "two zeros of four, by magnitude",
            exactly("nm(2, 4, ties=all_die)", "neural_compressor_prune:2_4"),
            counts="pruned",
            score="of the weights",
        ),
        Mode(
            "4:8",
            "four zeros of eight",
            exactly("nm(4, 8, ties=all_die)", "neural_compressor_prune:4_8"),
            counts="pruned",
            score="of the weights",
        ),
    ),
    guard=OrderGuard(CanOrder.prunes, "3.10 has no pruning at all"),
    sources=(Measured("neural-compressor", "3.6"),),
    surprises=(
        "of four equal entries none stays; of (1, 2, 2, 3) only the 3",
        "1:4 prunes one of four",
    ),
)
