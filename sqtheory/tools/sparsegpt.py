"""The official code of SparseGPT."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly, nearly

TOOL = Tool(
    name="sparsegpt",
    title="SparseGPT's official code, uncorrelated inputs of one power",
    modes=(
        Mode(
            "2:4",
            "two zeros of four",
            exactly("nm(2, 4, ties=introselect(prune))", "sparsegpt_official:2_4"),
            counts="pruned",
            score="float32",
        ),
        Mode(
            "1:4",
            "one zero of four",
            exactly("nm(3, 4, ties=introselect(prune))", "sparsegpt_official:1_4"),
            counts="pruned",
            score="float32",
        ),
        Mode(
            "50%",
            "unstructured",
            nearly(
                "top(0.5, count=one_more, ties=all_die)",
                "sparsegpt_official:half",
                205,
                14336,
                "one entry more goes in every 128 columns, here in the tensor",
            ),
            counts="pruned",
            score="float32",
        ),
    ),
    guard=OrderGuard(CanOrder.joint, "prunes and rounds column by column; a mask that is given is not kept"),
    sources=(Measured("IST-DASLab/sparsegpt", "147d2159dc4f3e9f73e47b32c04d7b3708f44436"),),
    surprises=("unstructured it prunes one entry more in every slab than asked",),
)
