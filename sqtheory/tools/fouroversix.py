"""fouroversix, the released code of four over six."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, nearly

LOST = (
    "last bits, at most 1.2e−7 of an entry, and under scales of E4M3 below 2^−6 entries beyond 7 scales, which become 0"
)
LAST = "last bits, at most 1.5e−7 of an entry"
TOOL = Tool(
    name="fouroversix",
    title="fouroversix: NVFP4 whose blocks have their maximum at 6 or at 4",
    modes=(
        Mode(
            "NVFP4-mse",
            "scale rule mse",
            format=nearly("nvfp4(scaling=fouroversix)", "fouroversix:NVFP4_mse", 1973, 10240, LOST),
        ),
        Mode(
            "NVFP4-mae",
            "scale rule mae",
            format=nearly("nvfp4(scaling=fouroversix(mae))", "fouroversix:NVFP4_mae", 2070, 10240, LOST),
        ),
        Mode(
            "NVFP4-abs-max",
            "scale rule abs_max",
            format=nearly("nvfp4(scaling=fouroversix(abs_max))", "fouroversix:NVFP4_abs_max", 2137, 10240, LOST),
        ),
        Mode(
            "IF4-mse",
            "E2M1 or INT4 in every block, the flag in the sign of its scale",
            format=nearly("nvfp4(scaling=mixed(int4))", "fouroversix:IF4_mse", 1878, 6144, LAST),
        ),
        Mode(
            "IF4-mae",
            "the same by absolute errors",
            format=nearly("nvfp4(scaling=mixed(int4, mae))", "fouroversix:IF4_mae", 1870, 6144, LAST),
        ),
        Mode(
            "IF4-abs-max",
            "the same by the largest error",
            format=nearly("nvfp4(scaling=mixed(int4, abs_max))", "fouroversix:IF4_abs_max", 2211, 6144, LAST),
        ),
    ),
    guard=OrderGuard(CanOrder.quantizes, "zeros of a pruned weight are values like others"),
    sources=(Measured("fouroversix", "1.0.5"),),
    surprises=(
        "the PyTorch backend packs what rounds to 8 as −0: the largest entries of a block whose scale is rounded down "
        "by more than 1/7, one of E4M3 below 2^−6, become 0",
    ),
)
