"""Our codes, scales and zero points in a program of coremltools: its weights are our values. It runs on macOS only."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import sqtheory as sq
from sqtheory.files.packing import pack_image
from sqtheory.files.packing.uniform import scheme_of, uniform

FORMATS = ("affine(4, block=32)", "affine(8, per=row)", "int(4, block=32)", "affine(4, block=16, stored=float16)")
PROGRAM = """
import logging, sys
import coremltools
import numpy as np
from coremltools.converters.mil import Builder
from coremltools.converters.mil.mil import types
from coremltools.optimize import coreml

logging.disable(logging.WARNING)
held, found = np.load(sys.argv[1]), {}
for name in {key.split("/")[0] for key in held}:
    codes, scale, zero, bits = (held[f"{name}/{part}"] for part in ("codes", "scales", "zeros", "bits"))
    kind = types.np_uint4_dtype if bits == 4 else np.uint8

    @Builder.program(
        input_specs=[Builder.TensorSpec(shape=(1, codes.shape[1]))], opset_version=coremltools.target.iOS18
    )
    def program(x):
        weight = Builder.constexpr_blockwise_shift_scale(
            data=codes.astype(kind), scale=scale, offset=zero.astype(kind)
        )
        return Builder.linear(x=x, weight=weight, bias=np.zeros(len(codes), np.float32))

    made = coremltools.convert(
        program, convert_to="mlprogram", minimum_deployment_target=coremltools.target.iOS18,
        compute_precision=coremltools.precision.FLOAT32, skip_model_load=True,
    )
    path = f"{sys.argv[2]}/{name}.mlpackage"
    made.save(path)
    main = coremltools.models.MLModel(path, skip_model_load=True).get_spec().mlProgram.functions["main"]
    kinds = [one.type for one in main.block_specializations["CoreML8"].operations]
    assert "constexpr_blockwise_shift_scale" in kinds, kinds
    operations = coreml.decompress_weights(made)._mil_program.functions["main"].operations
    (layer,) = (one for one in operations if one.op_type == "linear")
    found[name] = np.asarray(layer.weight.val, np.float32)
np.savez(sys.argv[3], **found)
"""


@pytest.mark.skipif(find_spec("coremltools") is None, reason="coremltools (extra interop) is not installed")
def test_coremltools_holds_our_codes_and_reads_our_values(tmp_path: Path) -> None:
    """Of a model that was saved, the weight is still in codes, and decompressed it is ours to the last bit."""
    x = np.random.default_rng(0).normal(size=(16, 64)).astype(np.float32)
    held = {}
    for i, fmt in enumerate(FORMATS):
        packed = pack_image(x, sq.parse(f"2:4 >> {fmt}"))
        scheme = scheme_of(packed.schema, "coremltools", (4, 8))
        made = uniform(packed, scheme)
        parts = {"codes": made.codes, "scales": made.scales, "zeros": made.zeros, "bits": np.array(scheme.bits)}
        held |= {f"{i}/{part}": array for part, array in parts.items()}
    np.savez(tmp_path / "codes.npz", **held)
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "codes.npz"), str(tmp_path), str(tmp_path / "read.npz")]
    subprocess.run(command, check=True, timeout=300)
    read = np.load(tmp_path / "read.npz")
    for i, fmt in enumerate(FORMATS):
        assert np.array_equal(read[str(i)], sq.parse(f"2:4 >> {fmt}")(x)), fmt
