import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

import sqtheory as sq
from sqtheory.cli import main
from sqtheory.exceptions import CheckpointError
from sqtheory.files.checkpoints import open_checkpoint
from sqtheory.files.packing import Packed, PackedCheckpoint, pack_image, unpack, unpack_file, write_packed
from sqtheory.files.packing.metadata import KEY
from sqtheory.files.packing.schema import Schema
from tests.files.checkpoints.handmade import often, read_all, rewrite

OPERATORS = {"a.weight": "2:4 >> int4", "b.weight": "mxfp4 >> 50%", "c.weight": "nvfp4", "d.weight": "hbfp(5, block=7)"}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    tensors = {name: rng.normal(size=(8, 64)).astype(np.float32) for name in OPERATORS}
    tensors |= {"norm": np.arange(5, dtype=np.float16), "steps": np.array(7)}
    save_file(tensors, tmp_path / "model.safetensors", {"format": "pt"})
    return tmp_path / "model.safetensors"


def packed_file(model: Path, out: Path, **options: Any) -> dict[str, Schema]:
    with open_checkpoint(model) as source:
        packs = ((name, pack_image(source.read(name), sq.parse(f))) for name, f in OPERATORS.items())
        return write_packed(out, packs, source, {"format": "pt"}, **options)


def test_a_packed_file_opens_with_safetensors_alone_and_holds_the_same_values(model: Path, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "packed.safetensors"
    schemas = packed_file(model, out)
    x = load_file(model)
    with safe_open(out, framework="np") as file:
        described = json.loads(file.metadata()[KEY])
        assert described["schema"] == "sqtheory.packed/1" and file.metadata()["format"] == "pt"
        for name, f in OPERATORS.items():
            schema = Schema.from_dict(described["tensors"][name])
            parts = {k.removeprefix(f"{name}."): file.get_tensor(k) for k in file.keys() if k.startswith(f"{name}.")}
            assert unpack(Packed(schema, parts)).tobytes() == sq.parse(f)(x[name]).tobytes()
            assert schema == schemas[name]
        assert file.get_tensor("norm").tobytes() == x["norm"].tobytes()
    stored = os.path.getsize(out) - 8 - int.from_bytes(out.read_bytes()[:8], "little")
    bits = sum(schema.bits for schema in schemas.values())
    assert 0 <= 8 * (stored - x["norm"].nbytes - x["steps"].nbytes) - bits < 8 * 4 * len(OPERATORS)


def test_a_packed_file_reads_like_any_checkpoint(model: Path, tmp_path: Path) -> None:
    packed_file(model, tmp_path / "p")
    x = load_file(model)
    with PackedCheckpoint(tmp_path / "p") as packed:
        assert {info.name: info.shape for info in packed.tensors} == {name: a.shape for name, a in x.items()}
        for name, f in OPERATORS.items():
            assert packed.read(name).tobytes() == sq.parse(f)(x[name]).tobytes()
        assert packed.read("norm").tolist() == x["norm"].tolist() and packed.holds(tmp_path / "p")
        with pytest.raises(CheckpointError, match=r"no tensor 'a\.weigh'; nearest: 'a\.weight'"):
            packed.read("a.weigh")


def test_the_verb_writes_the_values(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    packed_file(model, tmp_path / "p.safetensors")
    out = tmp_path / "out.safetensors"
    assert main(["unpack", str(tmp_path / "p.safetensors"), str(out)]) == 0
    x, y = load_file(model), load_file(out)
    assert set(x) == set(y)
    for name in x:
        wanted = sq.parse(OPERATORS[name])(x[name]) if name in OPERATORS else x[name]
        assert y[name].dtype == wanted.dtype and y[name].tobytes() == wanted.tobytes()
    with safe_open(out, framework="np") as file:
        assert file.metadata() == {"format": "pt"}
    assert main(["unpack", str(tmp_path / "p.safetensors"), str(out)]) == 2
    assert main(["unpack", str(tmp_path / "p.safetensors"), str(out), "--force"]) == 0
    assert main(["unpack", str(tmp_path / "p.safetensors"), str(tmp_path / "p.safetensors"), "--force"]) == 2
    assert main(["unpack", str(tmp_path / "p.safetensors")]) == 2
    assert main(["unpack", str(model), str(tmp_path / "new")]) == 3
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 4 and "--force" in said[0] and "is the input itself" in said[1] and "no packed file" in said[3]
    assert main(["unpack", str(tmp_path / "p.safetensors"), "--list"]) == 0
    listed = capsys.readouterr().out
    assert "nm(2, 4) >> int(4)" in listed and "3.25" in listed  # 4·2/4 + 32/64 + 3/4


def test_what_is_no_packed_file_is_named(model: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", w=np.ones(3))
    (tmp_path / "folder").mkdir()
    found = {model: "metadata have no sqtheory.packed", tmp_path / "w.npz": "one safetensors file"}
    found |= {tmp_path / "folder": "a folder without", tmp_path / "none": "no such file"}
    for path, rule in found.items():
        with pytest.raises(CheckpointError, match=rule):
            PackedCheckpoint(path)


def test_the_input_and_a_file_that_is_there_are_safe(model: Path, tmp_path: Path) -> None:
    before = model.read_bytes()
    with pytest.raises(ValueError, match="is the input itself"):
        packed_file(model, model, force=True)
    packed_file(model, tmp_path / "p")
    with pytest.raises(FileExistsError, match="--force"):
        packed_file(model, tmp_path / "p")
    assert model.read_bytes() == before and len(list(tmp_path.iterdir())) == 2


def test_what_fails_on_the_way_leaves_nothing(model: Path, tmp_path: Path) -> None:
    def packs() -> Any:
        yield "a.weight", pack_image(np.ones((4, 4), np.float32), sq.parse("int4"))
        raise RuntimeError("stop")

    with open_checkpoint(model) as source, pytest.raises(RuntimeError, match="stop"):
        write_packed(tmp_path / "new", packs(), source)
    one = pack_image(np.ones((4, 4), np.float32), sq.parse("int4"))
    with pytest.raises(ValueError, match="'w' is packed twice"):
        write_packed(tmp_path / "new", [("w", one), ("w", one)])
    with open_checkpoint(model) as source, pytest.raises(ValueError, match="two tensors of one name"):
        save_file({"w.codes": np.ones(2)}, tmp_path / "clash")
        with open_checkpoint(tmp_path / "clash") as clash:
            write_packed(tmp_path / "new", [("w", one)], clash)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["clash", "model.safetensors"]


def test_other_kinds_of_checkpoints_are_packed_too(tmp_path: Path) -> None:
    x = np.random.default_rng(1).normal(size=(4, 64)).astype(np.float32)
    np.savez(tmp_path / "m.npz", w=x, half=np.ones(3, np.float16), big=np.arange(3, dtype=">i4"))
    with open_checkpoint(tmp_path / "m.npz") as source:
        write_packed(tmp_path / "p", [("w", pack_image(source.read("w"), sq.parse("mxfp4")))], source)
    with PackedCheckpoint(tmp_path / "p") as packed:
        unpack_file(packed, tmp_path / "out")
    read = read_all(tmp_path / "out")
    assert read["w"].tobytes() == sq.parse("mxfp4")(x).tobytes() and read["big"].tolist() == [0, 1, 2]


def test_the_same_input_makes_the_same_bytes(model: Path, tmp_path: Path) -> None:
    for name in ("p", "q"):
        packed_file(model, tmp_path / name)
    assert (tmp_path / "p").read_bytes() == (tmp_path / "q").read_bytes()


WRONG: dict[str, tuple[Any, str]] = {
    "no schema": (lambda d: d.update(schema="other/1"), "must hold the schema"),
    "no tensors": (lambda d: d.pop("tensors"), "must hold the schema"),
    "unpacked too": (lambda d: d["tensors"].update(norm=d["tensors"]["c.weight"]), "there as it is too"),
    "no object": (lambda d: d["tensors"].update({"c.weight": []}), "needed an object with the keys"),
    "a key more": (lambda d: d["tensors"]["c.weight"].update(run="os"), "'run' is one too many"),
    "a key less": (lambda d: d["tensors"]["c.weight"].pop("operator"), "'operator' is missing"),
    "shape": (lambda d: d["tensors"]["c.weight"].update(shape=[-1]), "shape is a list of integers"),
    "huge": (lambda d: d["tensors"]["c.weight"].update(shape=[2**40, 2**40]), "no shape of an array"),
    "dtype": (lambda d: d["tensors"]["c.weight"].update(dtype="os:system"), "dtype is one of F32, F64"),
    "kept": (lambda d: d["tensors"]["c.weight"].update(kept=1), "of 512 entries 1 cannot be kept without a mask"),
    "block": (lambda d: d["tensors"]["c.weight"].update(block=[0, 1]), "block is a list of integers of at least 1"),
    "axes": (lambda d: d["tensors"]["c.weight"].update(block=[1]), "as many axes"),
    "format": (
        lambda d: d["tensors"]["c.weight"]["format"].update(kind="torch"),
        "format.kind is one of integer, float",
    ),
    "bits": (lambda d: d["tensors"]["a.weight"]["format"].update(k=99), "needs 2 to 16 bits"),
    "nonfinite": (lambda d: d["tensors"]["c.weight"]["format"].update(nonfinite="x"), "nonfinite is one of"),
    "scales": (lambda d: d["tensors"]["c.weight"]["scales"].update(kind=["x"]), "scales.kind is one of none, exponent"),
    "bias": (lambda d: d["tensors"]["d.weight"]["scales"].update(bias=10**6), "no exponent has the bias"),
    "index": (lambda d: d["tensors"]["a.weight"]["mask"].update(index="eval"), "index is one of"),
    "budgets": (lambda d: d["tensors"]["a.weight"]["mask"].update(budgets={"4": 9}), "no budget for groups of 4"),
    "group": (lambda d: d["tensors"]["a.weight"]["mask"].update(group=[4]), "as many axes"),
}


def rewritten(file: Path, document: object) -> None:
    with safe_open(file, framework="np") as old:
        tensors = {name: old.get_tensor(name) for name in old.keys()}
    text = document if isinstance(document, str) else json.dumps(document)
    save_file(tensors, file, {KEY: text})


def described(file: Path) -> Any:
    with safe_open(file, framework="np") as old:
        return json.loads(old.metadata()[KEY])


@pytest.mark.parametrize(("change", "rule"), WRONG.values(), ids=WRONG)
def test_a_schema_that_is_wrong_is_refused_in_one_line(
    model: Path, tmp_path: Path, change: Any, rule: str, capsys: pytest.CaptureFixture[str]
) -> None:
    packed_file(model, tmp_path / "p")
    document = described(tmp_path / "p")
    change(document)
    rewritten(tmp_path / "p", document)
    assert main(["unpack", str(tmp_path / "p"), str(tmp_path / "out")]) == 3
    said = capsys.readouterr().err
    assert rule in said and said.count("\n") == 1 and not (tmp_path / "out").exists()


def test_random_schemas_are_read_or_refused(model: Path, tmp_path: Path) -> None:
    """A value somewhere in the schema is replaced by another: CheckpointError or values, nothing else."""
    packed_file(model, tmp_path / "p")
    original = json.dumps(described(tmp_path / "p"))
    rng = np.random.default_rng(0)
    values = [None, True, -1, 0, 1, 3, 4, 64, 2**31, 2**62, 1e308, "", "F16", "bitmap", "position", [], [1, 1], {}]
    refusals = 0
    for _ in range(often(200)):
        document = json.loads(original)
        at: Any = document["tensors"][str(rng.choice([*OPERATORS]))]
        while True:
            keys = [*at] if isinstance(at, dict) else [*range(len(at))]
            key = keys[rng.integers(len(keys))]
            inner = at[key]
            if not isinstance(inner, dict | list) or not inner or rng.random() < 0.3:
                at[key] = values[rng.integers(len(values))]
                break
            at = inner
        rewritten(tmp_path / "p", document)
        try:
            with PackedCheckpoint(tmp_path / "p") as packed:
                for info in packed.tensors:
                    packed.read(info.name)
        except CheckpointError as refusal:
            assert str(refusal).isprintable()
            refusals += 1
    assert refusals > often(200) / 3


def test_any_change_of_a_packed_file_is_read_or_refused(tmp_path: Path) -> None:
    """Any change of any byte of a packed file: values, or CheckpointError of one line."""
    rng, file = np.random.default_rng(0), tmp_path / "p"
    x = rng.normal(size=(4, 64)).astype(np.float32)
    pipelines = ("2:4 >> int4", "nvfp4", "mxfp4 >> 50%", "cast(e4m3)", "nf4")
    packs = [(f, pack_image(x, sq.parse(f))) for f in pipelines]
    write_packed(file, packs)
    whole, refusals = file.read_bytes(), 0
    for _ in range(often(1000)):
        changed = bytearray(whole)
        for _ in range(rng.integers(1, 4)):
            changed[rng.integers(len(whole))] = rng.choice(np.frombuffer(b'0129{}[]",:\x00\xff-e', np.uint8))
        rewrite(file, bytes(changed))
        try:
            with PackedCheckpoint(file) as packed:
                for info in packed.tensors:
                    packed.read(info.name)
        except CheckpointError as refusal:
            assert str(refusal).isprintable()
            refusals += 1
    assert refusals > often(1000) / 2
