"""Pickles, which run code when they are read: how they are recognised, and what is said of one. None is ever read."""

PICKLE_SUFFIXES = (".pt", ".pth", ".ckpt", ".bin", ".pkl", ".pickle")
RUNS = "which can run code when it is read: where you trust it, convert it with"


def saved(dictionary: str) -> str:
    """How the tensors of a dictionary are saved, also such as share memory or are transposed."""
    tensors = f"{{k: t.contiguous().clone() for k, t in {dictionary}.items() if torch.is_tensor(t)}}"
    return f"safetensors.torch.save_file({tensors}, 'model.safetensors')"


def loaded(safe: bool) -> str:
    """How a file is read that only ``torch.load`` reads; not ``safe``: with whatever it names."""
    return f"torch.load(FILE, 'cpu', weights_only={safe})"


PICKLE = f"a PyTorch or Python pickle, {RUNS} {saved(loaded(True))}"
"""What is said of a pickle of which nothing else is known."""
TORCHSCRIPT = f"a TorchScript archive, {RUNS} " + saved("torch.jit.load(FILE, 'cpu').state_dict()")
"""What is said of what torch.jit.save writes."""
EXPORTED = f"a program that torch.export wrote, {RUNS} " + saved("torch.export.load(FILE).state_dict")
"""What is said of what torch.export.save writes."""
PYTHON = f"a Python pickle, {RUNS} numpy.savez('model.npz', **pickle.load(open(FILE, 'rb')))"
"""What is said of a pickle that PyTorch did not write and that holds no tensor of it."""


def is_pickle(head: bytes) -> bool:
    """Whether a file begins like a pickle of protocol 2 or later (older ones have no mark of their own)."""
    return head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05")
