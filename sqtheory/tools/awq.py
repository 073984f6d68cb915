"""AWQ's official code."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, nearly

WHY = "an all-equal block becomes 1e−5 there, for its scale is held at that"

TOOL = Tool(
    name="awq",
    title="AWQ's official quantizer, by plain rounding",
    modes=(
        Mode(
            "asym-128",
            "4 bits in groups of 128, asymmetric",
            format=nearly("affine(4, range=own, block=128)", "awq_official:asym_4_group_128", 2048, 20480, WHY),
        ),
        Mode(
            "asym-32",
            "4 bits in groups of 32, asymmetric",
            format=nearly("affine(4, range=own, block=32)", "awq_official:asym_4_group_32", 2048, 20480, WHY),
        ),
    ),
    guard=OrderGuard(CanOrder.quantizes, "zeros of a pruned weight stay"),
    sources=(Measured("mit-han-lab/llm-awq", "d6e797a42b9ef7778de8ee2352116e0f48a78d61"),),
    surprises=(
        "with zero_point=False it raises",
        "an all-equal block of ones becomes 1e−5",
    ),
)
