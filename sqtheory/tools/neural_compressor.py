"""Intel neural-compressor, last release with a pruner."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, missing

TOOL = Tool(
    name="neural-compressor",
    title="neural-compressor: prepare_pruning",
    modes=(
        Mode(
            "2:4",
            "two zeros of four, by magnitude",
            missing("all that tie with the cut are pruned"),
            counts="pruned",
            score="of the weights",
        ),
    ),
    guard=OrderGuard(CanOrder.prunes, "3.10 has no pruning at all"),
    sources=(Measured("neural-compressor", "3.6"),),
    surprises=("of four equal entries none stays; of (1, 2, 2, 3) only the 3", "1:4 prunes one of four"),
)
