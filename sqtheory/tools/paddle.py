"""Paddle's automatic sparsity."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly

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
            exactly("two_way(2, 4, rule=greedy)", "paddle_asp:2d_greedy_2_4"),
            counts="pruned",
            axis="both",
        ),
        Mode(
            "mask_2d_best",
            "two of four in rows and columns, the best pattern",
            exactly("two_way(2, 4, rule=best, score=signed)", "paddle_asp:2d_best_2_4"),
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
        "mask_2d_best takes the pattern of largest sum, not of largest sum of magnitudes",
        "mask_2d_greedy breaks ties likewise; here as with AVX2, where the argsort is a bitonic network",
        "mask_2d_greedy keeps 7 of 16 in 49 of 300 normal tiles",
    ),
)
