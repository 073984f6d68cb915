"""A mask by ``torch.topk`` on a GPU."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly

TOOL = Tool(
    name="torch-topk-cuda",
    title="torch.topk of magnitudes as a mask, on an NVIDIA GPU",
    modes=(
        Mode("keep-2:4", "two largest of four kept", exactly("nm(2, 4)", "torch_cuda:keep_2_4"), counts="kept"),
        Mode(
            "prune-2:4",
            "two smallest of four pruned",
            exactly("nm(2, 4, ties=high_index)", "torch_cuda:prune_2_4"),
            counts="pruned",
        ),
        Mode("keep-1:4", "the largest of four kept", exactly("nm(1, 4)", "torch_cuda:keep_1_4"), counts="kept"),
        Mode("keep-4:8", "four largest of eight kept", exactly("nm(4, 8)", "torch_cuda:keep_4_8"), counts="kept"),
        Mode(
            "keep-half-row",
            "half of a row kept",
            exactly("top(0.5, per=row)", "torch_cuda:keep_row_half"),
            counts="kept",
        ),
        Mode(
            "prune-half-row",
            "half of a row pruned",
            exactly("top(0.5, per=row, ties=high_index)", "torch_cuda:prune_row_half"),
            counts="pruned",
        ),
    ),
    guard=OrderGuard(CanOrder.prunes, "masks whatever it is given"),
    sources=(Measured("torch", "2.11.0+cu130"),),
    surprises=(
        "the lowest indices are selected, where a CPU selects others: one script makes two masks",
        "0.0 ranks above −0.0",
    ),
)
