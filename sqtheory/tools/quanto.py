"""optimum-quanto."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, Observed, OrderGuard, Tool, ZeroFate, exactly, missing, nearly

OFFSET = "it has a real offset besides the scale"

TOOL = Tool(
    name="quanto",
    title="optimum-quanto",
    modes=(
        Mode(
            "qint4",
            "4 bits in groups",
            format=missing(
                OFFSET,
                "quanto:qint4",
                Observed(mixed=ZeroFate.lost, positive=ZeroFate.kept, negative=ZeroFate.kept, odd=False),
            ),
        ),
        Mode(
            "qint2",
            "2 bits in groups",
            format=missing(
                OFFSET,
                "quanto:qint2",
                Observed(mixed=ZeroFate.lost, positive=ZeroFate.kept, negative=ZeroFate.residue, odd=False),
            ),
        ),
        Mode("qint8", "8 bits per output", format=exactly("int(8, per=row)", "quanto:qint8")),
        Mode(
            "qfloat8",
            "E4M3 per output",
            format=nearly("scaled(e4m3, per=row)", "quanto:qfloat8_e4m3fn", 256, 6144, "an all-zero row is NaN there"),
        ),
        Mode(
            "qint4-zeropoint",
            "4 bits per 128, zeropoint=True",
            format=missing(
                "it has an integer zero point besides the scale",
                "quanto:qint4_zeropoint",
                Observed(mixed=ZeroFate.kept, positive=ZeroFate.kept, negative=ZeroFate.kept, odd=True),
            ),
        ),
    ),
    guard=OrderGuard(CanOrder.quantizes, "zeros of a pruned weight come back, but of qint8 and qfloat8"),
    sources=(Measured("optimum-quanto", "0.2.7"),),
    surprises=("an all-zero row is NaN under qfloat8",),
)
