"""Wanda's official code."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly

TOOL = Tool(
    name="wanda",
    title="Wanda's official code, inputs of one power",
    modes=(
        Mode(
            "2:4",
            "two zeros of four",
            exactly("nm(2, 4, ties=introselect(prune))", "wanda_official:wanda_2_4"),
            counts="pruned",
            score="float32",
        ),
        Mode(
            "4:8",
            "four zeros of eight",
            exactly("nm(4, 8, ties=introselect(prune))", "wanda_official:wanda_4_8"),
            counts="pruned",
            score="float32",
        ),
        Mode(
            "magnitude-2:4",
            "its magnitude pruning, two zeros of four",
            exactly("nm(2, 4, ties=introselect(prune))", "wanda_official:magnitude_2_4"),
            counts="pruned",
        ),
        Mode(
            "50%",
            "half of every row",
            exactly("top(0.5, per=row, ties=high_index)", "wanda_official:wanda_half"),
            counts="pruned",
            score="float32",
        ),
    ),
    guard=OrderGuard(CanOrder.prunes, "masks whatever it is given"),
    sources=(Measured("locuslab/wanda", "8e8fc87b4a2f9955baa7e76e64d5fce7fa8724a6"),),
    surprises=("1:4 prunes one of four",),
)
