"""Write golden/coremltools_prune.npz: what the two pruners of coremltools leave of a Linear's weight.

Packages: coremltools==9.0 torch==2.13.0+cpu numpy==2.4.6. Python 3.11.7, Linux, x86-64.
``torch_…``: coremltools.optimize.torch.pruning.MagnitudePruner, masks (packed bits) of a Sequential of one Linear after
its first step with a constant schedule; a mode says what is *pruned* of how many, ``axis_0`` that groups run over the
outputs; ``half`` and ``three_quarters`` are shares of the tensor. ``coreml_…``: coremltools.optimize.coreml.
prune_weights of an ML program that multiplies by x, the images (values) stored in the program;
``threshold_1``: OpThresholdPrunerConfig(1), the others OpMagnitudePrunerConfig.
"""

from importlib.metadata import version
from pathlib import Path

import coremltools as ct
import coremltools.optimize as cto
import numpy as np
import torch
from coremltools.converters.mil import Builder as mb
from coremltools.optimize.torch.pruning import (
    ConstantSparsityScheduler,
    MagnitudePruner,
    MagnitudePrunerConfig,
    ModuleMagnitudePrunerConfig,
)

HERE = Path(__file__).parent
PACKAGES = ("coremltools", "torch", "numpy")
TORCH = {
    "torch_2_4": {"n_m_ratio": (2, 4)},
    "torch_1_4": {"n_m_ratio": (1, 4)},
    "torch_3_4": {"n_m_ratio": (3, 4)},
    "torch_2_4_axis_0": {"n_m_ratio": (2, 4), "dim": 0},
    "torch_half": {"target_sparsity": 0.5},
    "torch_three_quarters": {"target_sparsity": 0.75},
}
COREML = {
    "coreml_2_4": cto.coreml.OpMagnitudePrunerConfig(n_m_ratio=(2, 4), weight_threshold=0),
    "coreml_1_4": cto.coreml.OpMagnitudePrunerConfig(n_m_ratio=(1, 4), weight_threshold=0),
    "coreml_half": cto.coreml.OpMagnitudePrunerConfig(target_sparsity=0.5, weight_threshold=0),
    "coreml_threshold_1": cto.coreml.OpThresholdPrunerConfig(
        threshold=1.0, minimum_sparsity_percentile=0.0, weight_threshold=0
    ),
}


def mask(x: np.ndarray, options: dict[str, object]) -> np.ndarray:
    """Packed bits of the mask of the torch pruner."""
    model = torch.nn.Sequential(torch.nn.Linear(*reversed(x.shape), bias=False))
    model[0].weight.data = torch.from_numpy(x.copy())
    config = ModuleMagnitudePrunerConfig(scheduler=ConstantSparsityScheduler(begin_step=0), **options)
    pruner = MagnitudePruner(model, MagnitudePrunerConfig(global_config=config))
    pruner.prepare(inplace=True)
    pruner.step()
    return np.packbits(model[0].weight_mask.numpy() != 0)


def program(x: np.ndarray) -> ct.models.MLModel:
    """An ML program of one linear layer whose weight is x."""

    @mb.program(input_specs=[mb.TensorSpec(shape=(1, x.shape[1]))], opset_version=ct.target.iOS18)
    def build(data):
        return mb.linear(x=data, weight=x, name="layer")

    return ct.convert(build, compute_precision=ct.precision.FLOAT32, minimum_deployment_target=ct.target.iOS18)


def image(model: ct.models.MLModel) -> np.ndarray:
    """The weight of the program's linear layer, decompressed."""
    plain = ct.optimize.coreml.decompress_weights(model)
    (weight,) = (
        one.val for one in cto.coreml.get_weights_metadata(plain, weight_threshold=0).values() if one.val.ndim == 2
    )
    return np.asarray(weight, np.float32)


def main() -> None:
    """Run every mode on its inputs."""
    inputs = dict(np.load(HERE / "inputs.npz"))
    out = {"versions": np.array([f"{package}=={version(package)}" for package in PACKAGES])}
    for name, x in inputs.items():
        for mode, options in TORCH.items():
            out[f"{mode}/{name}"] = mask(x, options)
    for name in ("normal", "equal", "signs", "halves", "integers", "levels", "sparse"):
        dense = program(inputs[name])
        for mode, config in COREML.items():
            pruned = cto.coreml.prune_weights(dense, cto.coreml.OptimizationConfig(global_config=config))
            out[f"{mode}/{name}"] = image(pruned)
    np.savez_compressed(HERE.parent / "golden" / "coremltools_prune.npz", **out)


if __name__ == "__main__":
    main()
