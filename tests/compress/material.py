import json
from collections.abc import Callable
from pathlib import Path

import ml_dtypes
import numpy as np
from safetensors.numpy import save_file

from sqtheory import compress
from sqtheory.compress import Packing, Recipe, Report, Verification
from sqtheory.execution.workers import Threads
from sqtheory.files.checkpoints import open_checkpoint
from sqtheory.files.targets import Targets
from sqtheory.orders.applied import Order

FIRST, SECOND = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
INDEX = "model.safetensors.index.json"
SQ = Recipe("2:4", "mxfp4")


def weights(dtype: object, seed: int = 0, shape: tuple[int, ...] = (32, 64)) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def one_file(path: Path) -> Path:
    """Targets of three types, and tensors of every kind that is left alone."""
    tensors = {
        **{"a.weight": weights("f4", 1), "b.weight": weights("f2", 2), "c.weight": weights(ml_dtypes.bfloat16, 3)},
        **{"lm_head.weight": weights("f2", 4), "embed_tokens.weight": weights("f4", 5)},
        **{"norm.weight": weights("f4", 6, (64,)), "ids": np.arange(8).reshape(2, 4)},
    }
    save_file(tensors, path, metadata={"format": "pt", "é": "\u2028"})
    return path


def sharded(folder: Path) -> Path:
    """A folder of two shards with what else such a folder holds."""
    (folder / "onnx").mkdir(parents=True)
    places = {"a.weight": FIRST, "lm_head.weight": FIRST, "b.weight": SECOND, "c.weight": SECOND}
    kinds = {"a.weight": ml_dtypes.bfloat16, "lm_head.weight": "f2", "b.weight": "f2", "c.weight": "f4"}
    every = {name: weights(kind, 9) for name, kind in kinds.items()}
    for shard in (FIRST, SECOND):
        tensors = {name: every[name] for name, place in places.items() if place == shard}
        save_file(tensors, folder / shard, metadata={"format": "pt"})
    total = sum(tensor.nbytes for tensor in every.values())
    (folder / INDEX).write_text(json.dumps({"metadata": {"total_size": total}, "weight_map": places}, indent=2))
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").write_text("ref: refs/heads/main")
    (folder / "config.json").write_text('{"model_type": "x"}')
    (folder / "onnx" / "weights.bin").write_bytes(bytes(range(256)) * 8192)
    return folder


def archive(path: Path) -> Path:
    """An npz archive, deflated, with every byte order and memory order."""
    f = np.asfortranarray(weights(">f4", 2))
    np.savez_compressed(path, w=weights("f8", 1), f=f, h=weights("f2", 3), ids=np.arange(5), one=np.ones(3))
    return path


MATERIAL: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "safetensors": (".safetensors", one_file),
    "folder": ("", sharded),
    "npz": (".npz", archive),
}


def applied(
    source: Path | str,
    out: Path,
    recipe: Recipe = SQ,
    workers: int = 1,
    force: bool = False,
    packing: Packing | None = None,
) -> Report:
    with open_checkpoint(source) as opened, Threads(workers).crew() as (executor, ahead):
        layout = compress.layout_of(opened, out, folder=Path(source).is_dir(), packing=packing)
        plan = compress.plan(layout, recipe, Targets(), "1", executor=executor, ahead=ahead, force=force)
        compress.apply(plan, executor=executor, ahead=ahead, force=force)
    return plan.report


def verified(out: Path, source: Path | str | None = None) -> Verification:
    report = compress.read_report(compress.beside(out))
    written = compress.written(out, report.packing)
    with written.source:
        if source is None:
            return compress.verify(written, report)
        with open_checkpoint(source) as original:
            against = compress.layout_of(original, out, folder=Path(source).is_dir(), packing=report.packing)
            return compress.verify(written, report, against)


RECIPES = {
    "sq": SQ,
    "qs": Recipe("2:4", "mxfp4", Order.qs),
    "gain": Recipe("2:4", "mxfp4", Order.gain, 1.0),
    "frozen": Recipe("50%", "int4:b32", frozen_scale=True),
    "ties": Recipe("nm(2, 4, ties=adversarial)", "int4", Order.qs),
    "random": Recipe("top(0.5, score=random(rng))", "int(4, rounding=stochastic(rng))", seed=5),
    "blocks": Recipe("blockwise(0.5, tile=(4, 4))", "hbfp6"),
    "threshold": Recipe("threshold(0.5)", "nvfp4"),
}
