"""Paddle's automatic sparsity."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly, missing

TOOL = Tool(
    name="paddle",
    title="paddle.incubate.asp",
    modes=(
        Mode(
            "mask_1d", "two of four inputs", exactly("nm(2, 4, ties=high_index)", "paddle_asp:1d_2_4"), counts="pruned"
        ),
        Mode(
            "mask_2d_greedy",
            "two of four in rows and columns, greedily",
            missing("its greedy choice is at most, not exactly, two of four", "paddle_asp:2d_greedy_2_4"),
            counts="pruned",
            axis="both",
        ),
        Mode(
            "mask_2d_best",
            "two of four in rows and columns, the best pattern",
            missing("of the best patterns it takes its own first", "paddle_asp:2d_best_2_4"),
            counts="pruned",
            axis="both",
        ),
        Mode(
            "mask_1d-1:4",
            "one of four inputs pruned, without ties",
            exactly("nm(3, 4, ties=high_index)", "paddle_asp:1d_1_4"),
            counts="pruned",
        ),
    ),
    guard=OrderGuard(CanOrder.prunes, "masks whatever it is given"),
    sources=(Measured("paddlepaddle", "3.3.1"),),
    surprises=(
        "mask_1d at 1:4, 3:4, 12:16 breaks ties as numpy's unstable argsort, which AVX2 changes",
        "mask_2d_greedy keeps 7 of 16 in 49 of 300 normal tiles",
    ),
)
