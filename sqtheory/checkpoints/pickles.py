"""Pickles, which run code when they are read: how they are recognised, and what to do with one. None is ever read."""

PICKLE = (
    "a PyTorch or Python pickle, which can run code when it is read: where you trust it, convert it with "
    "safetensors.torch.save_file(torch.load(FILE, weights_only=True), 'model.safetensors')"
)
"""What is said of every pickle."""
PICKLE_SUFFIXES = (".pt", ".pth", ".ckpt", ".bin", ".pkl", ".pickle")
PICKLE_MEMBERS = ("data.pkl", "constants.pkl")
"""Names of the pickles in the zip archives that PyTorch writes."""


def is_pickle(head: bytes) -> bool:
    """Whether a file begins like a pickle of protocol 2 or later (older ones have no mark of their own)."""
    return head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05")
