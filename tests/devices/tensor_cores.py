"""Dot products of an NVIDIA GPU against ``sqtheory.arithmetic``, on fresh random operands: the share of equal results.

    PYTHONPATH=. python tests/devices/tensor_cores.py [--seed N]

Prints a Markdown table. Needs torch with CUDA and nothing else that the package does not need; without a GPU it says so
and ends. What a kernel or an instruction refuses is a line of its own.
"""

import argparse
import secrets
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, final

import numpy as np

from sqtheory.arithmetic import ACCUMULATIONS, mma_sync, wgmma
from sqtheory.arrays import Array
from tests.devices.kernels import SHAPES, Shape
from tests.devices.laws import Law, below_normal, law, of_cast, of_shape, share_equal, splits
from tests.devices.operands import matrix, small

Run = Callable[[Array, Array], Array]
"""(a, b) ↦ what the device makes of a bᵀ."""
ROWS = 48
"""Results of a kernel are compared for so many rows and columns of the product."""
FEW = 12
"""So many rows decide among many laws."""


@final
@dataclass(frozen=True)
class Device:
    """Torch with a GPU."""

    torch: Any

    def words(self) -> str:
        """Device, driver and versions."""
        smi = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader", "--id=0"]
        try:
            driver = subprocess.run(smi, capture_output=True, text=True, check=True).stdout.strip()
        except (OSError, subprocess.CalledProcessError):
            driver = "unknown"
        major, minor = self.torch.cuda.get_device_capability()
        return (
            f"{self.torch.cuda.get_device_name()}, compute capability {major}.{minor}, driver {driver}, "
            f"CUDA {self.torch.version.cuda}, torch {self.torch.__version__}"
        )

    def held(self, x: Array, operand: str) -> Any:
        """A matrix on the device in its type."""
        types = {
            "e4m3": self.torch.float8_e4m3fn,
            "e5m2": self.torch.float8_e5m2,
            "f16": self.torch.float16,
            "bf16": self.torch.bfloat16,
            "tf32": self.torch.float32,
        }
        return self.torch.from_numpy(x).cuda().to(types[operand]).contiguous()

    def instruction(self, shape: Shape) -> Run:
        """One after the other through K."""

        def run(a: Array, b: Array) -> Array:
            words = [self.held(x, shape.operand).view(self.torch.int32) for x in (a, b)]
            return np.asarray(shape.run(self.torch, *words).cpu().numpy())

        return run

    def product(self, operand: str) -> Run:
        """``torch.mm`` to float32."""

        def run(a: Array, b: Array) -> Array:
            x, y = self.held(a, operand), self.held(b, operand)
            if operand == "tf32":
                return np.asarray(self.torch.mm(x, y.T).cpu().numpy())
            return np.asarray(self.torch.mm(x, y.T, out_dtype=self.torch.float32).cpu().numpy())

        return run

    def scaled(self, a: Array, b: Array, *, fast: bool) -> Array:
        """``torch._scaled_mm`` of E4M3 to float32, unit scales."""
        x, y, one = self.held(a, "e4m3"), self.held(b, "e4m3"), self.torch.ones((), device="cuda")
        made = self.torch._scaled_mm(
            x, y.T, scale_a=one, scale_b=one, out_dtype=self.torch.float32, use_fast_accum=fast
        )
        return np.asarray(made.cpu().numpy())


def opened() -> Device | str:
    """The device, or why there is none."""
    try:
        import torch
    except ImportError:
        return "torch is not installed"
    if not torch.cuda.is_available():
        return "torch finds no CUDA device"
    torch.backends.cuda.matmul.allow_tf32 = True
    torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction = False
    torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False
    return Device(torch)


def compared(name: str, run: Run, a: Array, b: Array, laws: Mapping[str, Law] | Iterable[tuple[str, Law]]) -> list[str]:
    """Lines of the table: of the first law, and of the nearest of all where that is not the device's."""
    size = f"{len(a)}×{len(b)}×{a.shape[1]}"
    try:
        found = run(a, b)[:ROWS, :ROWS]
    except Exception as error:  # whatever torch raises: the other lines are still of use
        return [f"| {name} | {size} | – | – | refused: {str(error).strip().splitlines()[0][:120]} |"]
    each = dict(laws)
    first, few = next(iter(each)), found[:FEW, :FEW]
    said, share = first, share_equal(found, each[first](a[:ROWS], b[:ROWS]))
    lines = [f"| {name} | {size} | {found.size} | {100 * share:.3f} % | {first} |"]
    if share < 1 and len(each) > 1:
        said = max(each, key=lambda one: share_equal(few, each[one](a[:FEW], b[:FEW])))
        share = share_equal(found, each[said](a[:ROWS], b[:ROWS]))
        lines.append(f"| – the nearest of {len(each)} laws | | {found.size} | {100 * share:.3f} % | {said} |")
    return lines


def of_instructions(device: Device, rng: np.random.Generator) -> Iterable[str]:
    """Each shape of every type, chained through K."""
    for shape in SHAPES:
        for length in (64, 512, 4096):
            a, b = (matrix(rng, ROWS, length, shape.operand) for _ in range(2))
            yield from compared(str(shape), device.instruction(shape), a, b, of_shape(shape))


def of_kernels(device: Device, rng: np.random.Generator) -> Iterable[str]:
    """Products of torch, large and small."""
    for fast, name in ((True, "fp8_fast"), (False, "fp8_promoted")):
        one = ACCUMULATIONS[name]
        for side, length in ((1024, 512), (1024, 4096), (64, 512), (64, 4096), (64, 16384)):
            a, b = (matrix(rng, side, length, "e4m3") for _ in range(2))
            run = partial(device.scaled, fast=fast)
            laws = splits(wgmma("e4m3"), length) if side == 64 and fast else {"one chain": law(one)}.items()
            yield from compared(f"_scaled_mm, use_fast_accum={fast}", run, a, b, laws)
    for operand in ("bf16", "f16", "tf32"):
        for side, lengths in ((1024, (512, 4096)), (64, (64, 256, 512, 1024, 4096)), (256, (512, 4096))):
            for length in lengths:
                a, b = (matrix(rng, side, length, operand) for _ in range(2))
                laws = splits(wgmma(operand), length)
                yield from compared(f"mm {operand}", device.product(operand), a, b, laws)


def of_small_results(device: Device, rng: np.random.Generator) -> Iterable[str]:
    """Exact sums that lie below 2^−126, down to fractions of 2^−149."""
    for shape in (one for one in SHAPES if one.operand in ("bf16", "tf32")):
        for exponent in (-67, -70, -73, -76, -77):
            for length in (shape.k, 8 * shape.k):
                a, b = (small(rng, ROWS, length, exponent) for _ in range(2))
                one = replace(mma_sync(shape.operand), group=shape.k, span=shape.k)
                laws = below_normal(one, shape.k)
                yield from compared(f"{shape}, products of 2^{2 * exponent}", device.instruction(shape), a, b, laws)


def of_casts(device: Device, rng: np.random.Generator) -> Iterable[str]:
    """Numbers of all bit patterns, NaN apart, and those around the ends of each type, on the device and beside it."""
    ends = np.array([448, 464, 480, 57344, 61440, 2.0**-126, 2.0**-127, 2.0**127, 0, np.inf])
    near = (1 + rng.uniform(-1, 1, (200, 1)) * 2.0**-4) * ends[ends < np.inf]
    drawn = rng.integers(0, 1 << 32, 1 << 18, np.uint32).view(np.float32)
    x = np.concatenate([drawn[~np.isnan(drawn)], np.concatenate([ends, -ends, near.ravel()]).astype(np.float32)])
    for name in ("float8_e4m3fn", "float8_e5m2", "float8_e8m0fnu"):
        for where in ("cuda", "cpu"):
            made = device.torch.from_numpy(x).to(where).to(getattr(device.torch, name)).float().cpu().numpy()
            shares = {said: share_equal(made, image(x)) for said, image in of_cast(name).items()}
            best = max(shares, key=lambda said: shares[said])
            yield f"| cast to {name} on {where} | {x.size} | {x.size} | {100 * shares[best]:.3f} % | {best} |"


def main() -> None:
    """Draw, run, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=None, help="of the operands (a fresh one)")
    seed = parser.parse_args().seed
    device = opened()
    if isinstance(device, str):
        print(f"skipped: {device}")
        return
    seed = secrets.randbits(32) if seed is None else seed
    rng = np.random.default_rng(seed)
    print(f"{device.words()}; seed {seed}\n")
    print("| what | size | compared | equal | law |\n| --- | --- | ---: | ---: | --- |")
    for part in (of_casts, of_instructions, of_kernels, of_small_results):
        for line in part(device, rng):
            print(line, flush=True)


if __name__ == "__main__":
    main()
