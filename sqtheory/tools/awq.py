"""AWQ's official code."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, Observed, OrderGuard, Tool, ZeroFate, missing

POINT = "it has an integer zero point besides the scale"

TOOL = Tool(
    name="awq",
    title="AWQ's official quantizer, by plain rounding",
    modes=(
        Mode(
            "asym-128",
            "4 bits in groups of 128, asymmetric",
            format=missing(
                POINT,
                "awq_official:asym_4_group_128",
                Observed(mixed=ZeroFate.kept, positive=ZeroFate.kept, odd=True, by_maximum=True),
            ),
        ),
        Mode(
            "asym-32",
            "4 bits in groups of 32, asymmetric",
            format=missing(
                POINT,
                "awq_official:asym_4_group_32",
                Observed(mixed=ZeroFate.kept, positive=ZeroFate.kept, odd=True, by_maximum=False),
            ),
        ),
    ),
    guard=OrderGuard(CanOrder.quantizes, "zeros of a pruned weight stay"),
    sources=(Measured("mit-han-lab/llm-awq", "d6e797a42b9ef7778de8ee2352116e0f48a78d61"),),
    surprises=("with zero_point=False it raises",),
)
