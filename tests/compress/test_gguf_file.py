"""Blocks of codes in a GGUF file: read by the gguf package, and by llama.cpp where it is installed, as our values."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import gguf
import numpy as np
import pytest
from safetensors.numpy import save_file

import sqtheory as sq
from sqtheory.alphabet.traits import KEEPS_ZERO
from sqtheory.cli import main
from sqtheory.files.checkpoints import open_checkpoint
from sqtheory.files.packing import pack_image
from sqtheory.files.packing.gguf import blocks_of
from tests import tiny_llama
from tests.nightly import thin

MXFP4 = "mxfp(e2m1, rounding=half_toward_zero)"
HALVES = "scaling=stored(float16)"
FORMATS = {
    "Q8_0": "Q8_0",
    "Q5_0": "Q5_0",
    "Q4_0": "Q4_0",
    MXFP4: "MXFP4",
    "mxfp4": "MXFP4",
    f"int(4, block=64, {HALVES})": "Q4_0",
    f"int(2, per=row, {HALVES})": "Q4_0",
    f"int(6, per=tensor, {HALVES})": "Q8_0",
    "Q4_1": "Q4_1",
    "Q5_1": "Q5_1",
    "affine(3, offset=edge, stored=float16, block=32)": "Q4_1",
    "scaled(iq4, block=32, scaling=stored(float16, signedmax))": "IQ4_NL",
    "scaled(e2m1, block=16, scaling=stored(e4m3))": "NVFP4",
}
"""The type of the blocks of a format."""
BYTES = {"Q4_0": 18, "Q4_1": 20, "Q5_0": 22, "Q5_1": 24, "Q8_0": 34, "MXFP4": 17, "IQ4_NL": 18, "NVFP4": 18}
"""Of 32 entries."""
FILES = {"Q4_0": 2, "Q4_1": 3, "Q8_0": 7, "Q5_0": 8, "Q5_1": 9, "MXFP4": 38, "IQ4_NL": 25, "NVFP4": 39}
WORDS = ("--pack", "--layout", "gguf")
TARGETS = ("blk.0.attn_q.weight", "blk.1.ffn_up.weight")
TWO = (*WORDS, "--targets", TARGETS[0], "--targets", TARGETS[1])
HALF, WHOLE = True, False


MASKS = (None, "2:4")


def keeps(fmt: str) -> bool:
    """Whether zeros of a mask stay."""
    return KEEPS_ZERO in sq.parse(fmt).traits


def values(path: Path) -> dict[str, np.ndarray]:
    """What the package reads."""
    found = gguf.GGUFReader(path).tensors
    return {t.name: gguf.quants.dequantize(t.data, t.tensor_type).reshape(t.shape[::-1]) for t in found}


def metadata(path: Path) -> dict[str, object]:
    fields = gguf.GGUFReader(path).fields
    return {name: field.contents() for name, field in fields.items() if not name.startswith("GGUF.")}


@thin(4)
@pytest.mark.parametrize("half", [WHOLE, HALF], ids=["F32", "F16"])
@pytest.mark.parametrize(("fmt", "mask"), [(fmt, mask) for fmt in FORMATS for mask in MASKS if not mask or keeps(fmt)])
def test_the_package_reads_our_values_and_all_else_as_it_was(
    tmp_path: Path, fmt: str, mask: str | None, half: bool
) -> None:
    model, out, kind = tmp_path / "in.gguf", tmp_path / "out.gguf", FORMATS[fmt]
    tiny_llama.write(model, half=half)
    masked = () if mask is None else ("--mask", mask)
    assert main(["apply", str(model), str(out), "--format", fmt, *masked, *TWO]) == 0
    assert main(["verify", str(out), "--against", str(model)]) == 0
    before, after, held = values(model), values(out), gguf.GGUFReader(out).tensors
    f = sq.parse(fmt if mask is None else f"{mask} >> {fmt}")
    assert [*before] == [*after]
    for name, x in before.items():
        ours = f(x.astype(np.float32)) if name in TARGETS else x
        assert np.array_equal(after[name], ours), name
    changed = [t for t in held if t.tensor_type.name == kind]
    assert {t.name for t in changed} == {*TARGETS}
    assert all(t.n_bytes == t.n_elements // 32 * BYTES[kind] for t in changed)
    said, was = metadata(out), metadata(model)
    assert said.pop("general.file_type") == FILES[kind]
    assert said.pop("general.quantization_version") == 2 and was.pop("general.file_type") in (0, 1)
    assert {name: said.pop(name) for name in was} == was
    assert {name.split(".")[0] for name in said} == {"sqtheory"} and said["sqtheory.order"] == "sq"
    with open_checkpoint(out) as ours_read:
        assert all(ours_read.read(name).tobytes() == theirs.tobytes() for name, theirs in after.items())


@pytest.mark.parametrize("fmt", ["Q8_0", "Q5_0", "Q4_0", "Q4_1", "Q5_1"])
def test_blocks_are_byte_for_byte_those_that_the_package_makes(fmt: str) -> None:
    """But for the sign of the scale of a block of zeros; of its MXFP4 the codes of 0 differ: there are two."""
    x = np.random.default_rng(1).normal(size=(8, 64)).astype(np.float32)
    x[1, ::2] = 0
    kind, ours = blocks_of(pack_image(x, sq.parse(fmt)))
    assert kind == fmt and ours.tobytes() == gguf.quants.quantize(x, gguf.GGMLQuantizationType[fmt]).tobytes()


@pytest.mark.parametrize("fmt", ["TQ1_0", "TQ2_0"])
def test_blocks_of_ternary_codes_are_those_that_the_package_makes(fmt: str) -> None:
    """``apply`` writes TQ1_0, of the fewest bits; rows that 256 does not divide become Q4_0."""
    x = np.random.default_rng(1).normal(size=(4, 512)).astype(np.float32)
    x[1, ::2], x[2, :256] = 0, 0
    packed, kind = pack_image(x, sq.parse(fmt)), gguf.GGMLQuantizationType[fmt]
    name, ours = blocks_of(packed, fmt)
    assert name == fmt and blocks_of(packed)[0] == "TQ1_0"
    assert ours.tobytes() == gguf.quants.quantize(x, kind).tobytes()
    assert np.array_equal(gguf.quants.dequantize(ours.reshape(4, -1), kind), sq.parse(fmt)(x))
    assert blocks_of(pack_image(x[:, :128], sq.parse(f"int(2, per=row, {HALVES})")))[0] == "Q4_0"


def test_every_code_of_every_block_is_read_as_the_package_does() -> None:
    """A broken byte is seen: all in another order, one bit of the first changed."""
    rng = np.random.default_rng(4)
    for fmt, kind in {**FORMATS, "TQ1_0": "TQ1_0", "TQ2_0": "TQ1_0"}.items():
        columns = 512 if "TQ" in fmt else 192
        x = (rng.normal(size=(16, columns)) * 2.0 ** rng.integers(-6, 6, (16, 1))).astype(np.float32)
        name, blocks = blocks_of(pack_image(x, sq.parse(fmt)))
        theirs = gguf.quants.dequantize(blocks.reshape(16, -1), gguf.GGMLQuantizationType[name])
        assert name == kind and np.array_equal(theirs, sq.parse(fmt)(x)), fmt
        for other in (blocks[:, ::-1], np.concatenate((blocks[:, :1] ^ 1, blocks[:, 1:]), axis=1)):
            turned = np.ascontiguousarray(other).reshape(16, -1)
            with np.errstate(all="ignore"):
                assert not np.array_equal(gguf.quants.dequantize(turned, gguf.GGMLQuantizationType[name]), theirs)


REFUSED = {
    "minima of 32 bits": ("affine(4, offset=float, block=32)", "scales of Q4_1 are numbers of float16"),
    "zero points": ("affine(4, block=32, stored=float16)", "have no codes of uint4 under offsets σ (c − z), z a code"),
    "scales of two levels": ("scaled(iq4, block=16, scaling=stored(float16))", "IQ4_NL has one scale for 32 entries"),
    "wide codes": ("affine(6, offset=float, block=32, stored=float16)", "have no codes of uint6"),
    "scales of 32 bits": ("int(4, block=32)", "scales of Q4_0 are numbers of float16"),
    "blocks of 16": ("nvfp4", "MXFP4 has one scale for 32 entries of a row"),
    "columns": (f"int(4, per=column, {HALVES})", "Q4_0 has one scale for 32 entries of a row"),
    "another grid": ("mxfp(e2m3)", "NVFP4, MXFP4 have no codes of e2m3"),
    "wide integers": (f"int(12, block=32, {HALVES})", "have no codes of int12"),
}


@pytest.mark.parametrize(("fmt", "rule"), REFUSED.values(), ids=REFUSED)
def test_codes_that_no_block_holds_are_refused_and_nothing_is_left(
    tmp_path: Path, fmt: str, rule: str, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "in.gguf"
    tiny_llama.write(model)
    assert main(["apply", str(model), str(tmp_path / "out.gguf"), "--format", fmt, *TWO]) == 3
    said = capsys.readouterr().err
    assert rule in said and "tensor 'blk.0.attn_q.weight'" in said and said.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["in.gguf"]


def test_what_has_no_blocks_of_32_or_no_metadata_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, plain = tmp_path / "in.gguf", tmp_path / "in.safetensors"
    save_file({"a.weight": np.ones((4, 32), np.float32)}, plain)
    writer = gguf.GGUFWriter(model, "llama")
    writer.add_tensor("a.weight", np.ones((4, 48), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    out = str(tmp_path / "out.gguf")
    assert main(["apply", str(model), out, "--format", f"int(8, per=row, {HALVES})", *WORDS]) == 3
    assert "tensor 'a.weight': blocks of GGUF's Q8_0 are 32 entries of a row" in capsys.readouterr().err
    assert main(["apply", str(plain), out, "--format", "Q8_0", *WORDS]) == 3
    assert "in.safetensors: --layout gguf writes blocks to the metadata" in capsys.readouterr().err
    assert main(["apply", str(model), str(tmp_path / "out.bin"), "--format", "Q8_0", *WORDS]) == 2
    assert main(["apply", str(model), out, "--format", "Q8_0", "--index", "bitmap", *WORDS]) == 2
    assert "no places" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.gguf", "in.safetensors"]


def test_a_changed_byte_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, out = tmp_path / "in.gguf", tmp_path / "out.gguf"
    tiny_llama.write(model)
    assert main(["apply", str(model), str(out), "--format", "Q8_0", *TWO]) == 0
    whole = out.read_bytes()
    for at, rule in ((whole.index(b"tiny"), "besides entries"), (len(whole) - 5, "SHA-256"), (len(whole), "besides")):
        out.write_bytes(whole[:at] + b"!" + whole[at + 1 :])
        assert main(["verify", str(out)]) == 1 and rule in capsys.readouterr().err


KINDS = (
    "Q8_0",
    "Q4_0",
    "Q5_0",
    MXFP4,
    "Q4_1",
    "Q5_1",
    *[fmt for fmt, kind in FORMATS.items() if "4_NL" in kind or "NV" in kind],
)
LLAMA = """
import json, sys
import xllamacpp

found = []
for path in sys.argv[1:]:
    words = xllamacpp.CommonParams()
    words.model.path, words.n_ctx, words.n_gpu_layers, words.warmup = path, 64, 0, False
    words.n_parallel, words.cpuparams.n_threads = 1, 1
    server = xllamacpp.Server(words)
    asked = {"prompt": [1, 75, 76], "max_tokens": 8, "temperature": 0, "logprobs": 259}
    [choice] = server.handle_completions(asked)["choices"]
    first, *_ = tokens = choice["logprobs"]["content"]
    found.append([len(tokens), sorted((one["id"], one["logprob"]) for one in first["top_logprobs"])])
    del server
print("\\n" + json.dumps(found))
"""


@pytest.mark.skipif(find_spec("xllamacpp") is None, reason="llama.cpp (xllamacpp, extra interop) is not installed")
def test_llama_cpp_loads_and_generates(tmp_path: Path) -> None:
    """Blocks of our codes give what their values do, but for activations, which it rounds to 8 bits beside blocks.

    That moves the log-probabilities by a sixteenth at most of what pruning does, and blocks in another order by more.
    """
    model, files = tmp_path / "in.gguf", list[Path]()
    tiny_llama.write(model)
    for i, fmt in enumerate(KINDS):
        packed, of_values, turned = (tmp_path / f"{i}{end}.gguf" for end in ("", "-values", "-turned"))
        mask = ("--mask", "2:4") if keeps(fmt) else ()
        some = ("--targets", "re:.*attn_[qkvo].*") if FORMATS[fmt] == "NVFP4" else ()  # rows of 96 are no blocks of 64
        assert main(["apply", str(model), str(packed), "--format", fmt, *mask, *some, *WORDS]) == 0
        tiny_llama.write(of_values, weights=values(packed))
        turned.write_bytes(packed.read_bytes())
        for t in gguf.GGUFReader(turned, "r+").tensors:
            if t.tensor_type.name == FORMATS[fmt]:
                t.data[...] = np.concatenate((t.data[:1], t.data[:0:-1]))
        files += [packed, of_values, turned]
    command = [sys.executable, "-c", LLAMA, *map(str, [model, *files])]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    found = json.loads(done.stdout.splitlines()[-1])
    dense, *others = (np.array([logarithm for _, logarithm in first]) for _, first in found)
    assert all(count >= 1 and len(first) == 259 for count, first in found)
    pruned = np.abs(others[1] - dense).max()
    for ours, plain, wrong in zip(others[::3], others[1::3], others[2::3], strict=True):
        assert np.abs(ours - plain).max() < pruned / 16 < np.abs(wrong - plain).max()


MLX = """
import sys
import mlx.core as mx
import numpy as np

w = mx.load(sys.argv[1])
names = [name.removesuffix(".scales") for name in w if name.endswith(".scales")]
found = {}
for name in names:
    codes, scales, offsets = (w[f"{name}.{part}"] for part in ("weight", "scales", "biases"))
    bits = 32 * codes.shape[1] // (32 * scales.shape[1])
    wide = (part.astype(mx.float32) for part in (scales, offsets))
    found[f"{name}.weight"] = np.array(mx.dequantize(codes, *wide, group_size=32, bits=bits))
np.savez(sys.argv[2], **found)
"""


@pytest.mark.skipif(find_spec("mlx") is None, reason="mlx (extra interop) is not installed")
@pytest.mark.parametrize("fmt", ["Q8_0", "Q4_0"])
def test_mlx_reads_our_values(tmp_path: Path, fmt: str) -> None:
    """As its own codes, with scales and offsets of float16; of the types that it has, these two."""
    model, out, read = (tmp_path / name for name in ("in.gguf", "out.gguf", "read.npz"))
    tiny_llama.write(model)
    assert main(["apply", str(model), str(out), "--format", fmt, "--mask", "2:4", *TWO]) == 0
    subprocess.run([sys.executable, "-c", MLX, str(out), str(read)], check=True, timeout=120)
    found, f = np.load(read), sq.parse(f"2:4 >> {fmt}")
    assert {*found} == {*TARGETS}
    assert all(np.array_equal(found[name], f(x)) for name, x in values(model).items() if name in TARGETS)


def test_experts_and_blocks_of_the_source_are_taken_too(tmp_path: Path) -> None:
    model, first, again = (tmp_path / f"{name}.gguf" for name in ("in", "first", "again"))
    x = np.random.default_rng(2).normal(size=(3, 4, 64)).astype(np.float32)
    writer = gguf.GGUFWriter(model, "llama")
    writer.add_tensor("blk.0.ffn_up_exps.weight", x)
    writer.add_tensor("blk.0.attn_q.weight", x[0])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    only = (*WORDS, "--targets", "blk.0.ffn_up_exps.weight")
    assert main(["apply", str(model), str(first), "--format", "Q8_0", "--mask", "2:4", *only]) == 0
    assert main(["verify", str(first), "--against", str(model)]) == 0
    assert main(["apply", str(first), str(again), "--format", "Q4_0", *only]) == 0
    assert main(["verify", str(again), "--against", str(first)]) == 0
    f = sq.parse("2:4 >> Q8_0")
    y = np.stack([f(expert) for expert in x])
    assert np.array_equal(values(first)["blk.0.ffn_up_exps.weight"], y)
    assert np.array_equal(values(again)["blk.0.ffn_up_exps.weight"], np.stack([sq.parse("Q4_0")(one) for one in y]))
    assert np.array_equal(values(again)["blk.0.attn_q.weight"], x[0])
