"""The two-way masks of torch's semi-structured kernels."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly

TOOL = Tool(
    name="torch-semi-structured",
    title="torch._sparse_semi_structured_tile (prune_dense_static_sort)",
    modes=(
        Mode(
            "tile",
            "greedy by signed value, as by default",
            exactly("two_way(2, 4, rule=tile, score=signed)", "torch_cuda:tile_signed"),
            counts="kept",
            axis="both",
            score="float16 or bfloat16",
        ),
        Mode(
            "tile-magnitude",
            "algorithm largest_abs_values_greedy",
            exactly("two_way(2, 4, rule=tile)", "torch_cuda:tile_magnitude"),
            counts="kept",
            axis="both",
            score="float16 or bfloat16",
        ),
    ),
    guard=OrderGuard(CanOrder.prunes, "masks whatever it is given"),
    sources=(Measured("torch", "2.11.0+cu130"),),
    surprises=(
        "by default it ranks by signed value: the large negative weights go, and of normal weights "
        "57 % of the power stays",
        "of equal entries those stay that a sorting network puts last: of a tile of ones {0, 2}, {1, 2}, {0, 1}, {3}",
        "7 or 8 of 16 entries stay, greedily",
    ),
)
