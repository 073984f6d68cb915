"""optimum-quanto."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, Observed, OrderGuard, Tool, ZeroFate, exactly, nearly

TOOL = Tool(
    name="quanto",
    title="optimum-quanto",
    modes=(
        Mode(
            "qint4",
            "4 bits in groups",
            format=exactly(
                "affine(4, offset=float, block=128)",
                "quanto:qint4",
                seen=Observed(mixed=ZeroFate.lost, positive=ZeroFate.kept, negative=ZeroFate.kept),
            ),
        ),
        Mode(
            "qint2",
            "2 bits in groups",
            format=exactly(
                "affine(2, offset=float, block=128)",
                "quanto:qint2",
                seen=Observed(mixed=ZeroFate.lost, positive=ZeroFate.kept, negative=ZeroFate.residue),
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
            format=exactly("affine(4, block=128)", "quanto:qint4_zeropoint"),
        ),
    ),
    guard=OrderGuard(CanOrder.quantizes, "zeros of a pruned weight come back, but of qint8 and qfloat8"),
    sources=(Measured("optimum-quanto", "0.2.7"),),
    surprises=("an all-zero row is NaN under qfloat8",),
)
