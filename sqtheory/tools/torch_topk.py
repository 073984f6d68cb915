"""A mask by ``torch.topk``, as most scripts make one, on a CPU."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly

TOOL = Tool(
    name="torch-topk",
    title="torch.topk of magnitudes as a mask, on a CPU",
    modes=(
        Mode(
            "prune-2:4",
            "two smallest of four pruned",
            exactly("nm(2, 4, ties=introselect(prune))", "torch_topk:prune_2_4"),
            counts="pruned",
        ),
        Mode(
            "keep-2:4",
            "two largest of four kept",
            exactly("nm(2, 4, ties=introselect(keep))", "torch_topk:keep_2_4"),
            counts="kept",
        ),
        Mode(
            "keep-1:4",
            "the largest of four kept",
            exactly("nm(1, 4, ties=introselect(keep))", "torch_topk:keep_1_4"),
            counts="kept",
        ),
        Mode(
            "keep-4:8",
            "four largest of eight kept",
            exactly("nm(4, 8, ties=introselect(keep))", "torch_topk:keep_4_8"),
            counts="kept",
        ),
        Mode(
            "keep-half-row",
            "half of a row kept",
            exactly("top(0.5, per=row, ties=introselect(keep))", "torch_topk:keep_row_half"),
            counts="kept",
        ),
        Mode(
            "prune-half-row",
            "half of a row pruned",
            exactly("top(0.5, per=row, ties=introselect(prune))", "torch_topk:prune_row_half"),
            counts="pruned",
        ),
        Mode(
            "keep-4-row",
            "the 4 largest of a row kept",
            exactly("top(4, per=row, ties=introselect(keep))", "torch_topk:keep_row_4"),
            counts="kept",
        ),
    ),
    guard=OrderGuard(CanOrder.prunes, "masks whatever it is given"),
    sources=(Measured("torch", "2.13.0+cpu"),),
    surprises=(
        "of four equal entries largest=True keeps {2, 3}, and what largest=False leaves is {0, 1}",
        "it is no index rule: of (0, 1, 1, 1) it selects {2, 3}, of (1, 0, 0, 0) {0, 2}",
        "for k·64 ≤ n another algorithm runs, which keeps the lowest indices",
    ),
)
