# pip install tensorflow-model-optimization==0.8.1 tensorflow==2.21.0 tf_keras==2.21.0; Python 3.11.7, CPU
# Runs prune_low_magnitude on a Dense layer of tf_keras (kernel in × out: the input transposed, and the mask transposed
# back), two steps of SGD of rate 0 with UpdatePruningStep, and reads the wrapper's mask. m and n of a mode are what it
# calls m_by_n: m of n are pruned. half and three_quarters: ConstantSparsity(0.5, 0) and (0.75, 0), frequency 1;
# tiles_half: the same in blocks (4, 1) of the kernel, by their average.
# TF_USE_LEGACY_KERAS=1 python -P tests/tools/make/tfmot.py

from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
import tensorflow as tf
import tf_keras
from tensorflow_model_optimization.sparsity import keras as sparsity

HERE = Path(__file__).parent
PACKAGES = ("tensorflow-model-optimization", "tensorflow", "tf_keras", "numpy")
STEPS = 2


def mask(given: dict, values: np.ndarray) -> np.ndarray:
    """Packed bits of what is kept."""
    rows, width = values.shape
    dense = tf_keras.layers.Dense(rows, use_bias=False, input_shape=(width,))
    model = tf_keras.Sequential([sparsity.prune_low_magnitude(dense, **given)])
    dense.kernel.assign(values.T)
    model.compile(tf_keras.optimizers.legacy.SGD(0.0), "mse", run_eagerly=True)
    x, y = np.zeros((STEPS, width), np.float32), np.zeros((STEPS, rows), np.float32)
    model.fit(x, y, batch_size=1, verbose=0, callbacks=[sparsity.UpdatePruningStep()])
    ((_, kept, _),) = model.layers[0].pruning_vars
    return np.packbits(np.ascontiguousarray(kept.numpy().T) != 0)


def constant(share: float) -> sparsity.ConstantSparsity:
    return sparsity.ConstantSparsity(share, begin_step=0, frequency=1)


def mn(m: int, n: int) -> Callable[[np.ndarray], np.ndarray]:
    return partial(mask, {"sparsity_m_by_n": (m, n), "pruning_schedule": constant(0.5)})


MODES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "2_4": mn(2, 4),
    "1_4": mn(1, 4),
    "3_4": mn(3, 4),
    "4_8": mn(4, 8),
    "half": partial(mask, {"pruning_schedule": constant(0.5)}),
    "three_quarters": partial(mask, {"pruning_schedule": constant(0.75)}),
    "tiles_half": partial(mask, {"pruning_schedule": constant(0.5), "block_size": (4, 1)}),
}

if __name__ == "__main__":
    tf.config.set_visible_devices([], "GPU")
    given = np.load(HERE / "inputs.npz")
    made = {f"{mode}/{name}": run(given[name]) for mode, run in MODES.items() for name in given.files}
    versions = np.array([f"{package}=={version(package)}" for package in PACKAGES])
    np.savez_compressed(HERE.parent / "golden" / "tfmot.npz", versions=versions, **made)
