"""Pickles, which run code when they are read: how they are recognised, and what to do with one. None is ever read."""

from collections.abc import Iterable

PICKLE = (
    "a PyTorch or Python pickle, which can run code when it is read: where you trust it, convert it with "
    "safetensors.torch.save_file(torch.load(FILE, weights_only=True), 'model.safetensors')"
)
"""What is said of every other pickle."""
TORCHSCRIPT = (
    "a TorchScript archive, whose code can run when it is read: where you trust it, convert it with "
    "safetensors.torch.save_file(torch.jit.load(FILE, 'cpu').state_dict(), 'model.safetensors')"
)
"""What is said of what torch.jit.save writes."""
PICKLE_SUFFIXES = (".pt", ".pth", ".ckpt", ".bin", ".pkl", ".pickle")


def pickled(members: Iterable[str]) -> str | None:
    """What is said of a zip archive with members of these names where PyTorch wrote it, None where it did not."""
    parts = [member.split("/") for member in members]
    ends = {path[-1] for path in parts}
    if "constants.pkl" in ends or ("data.pkl" in ends and any("code" in path[:-1] for path in parts)):
        return TORCHSCRIPT
    return PICKLE if "data.pkl" in ends else None


def is_pickle(head: bytes) -> bool:
    """Whether a file begins like a pickle of protocol 2 or later (older ones have no mark of their own)."""
    return head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05")
