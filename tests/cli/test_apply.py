import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from sqtheory.cli import main
from sqtheory.files import zoo
from sqtheory.files.checkpoints import open_checkpoint
from tests.compress.material import INDEX, MATERIAL, archive, one_file, sharded
from tests.files.checkpoints.handmade import often
from tests.nightly import nightly, thin

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="uses /proc and limits of Linux")
PIPELINE = ("--mask", "2:4", "--format", "mxfp4")


def refused(capsys: pytest.CaptureFixture[str], status: int, *arguments: object) -> str:
    assert main([*map(str, arguments)]) == status
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1
    return captured.err


@thin(3)
@pytest.mark.parametrize("model", zoo.names())
def test_models_of_the_zoo_are_applied_verified_and_inspected(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.safetensors"
    assert main(["apply", f"zoo:{model}", str(out), *PIPELINE, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["schema"] == "sqtheory.apply/2" and report["version"]
    assert json.loads((tmp_path / "out.safetensors.sqtheory.json").read_text()) == report
    assert len(report["tensors"]) == (42 if model.startswith("lm") else 24)
    for one in report["tensors"]:
        assert one["rounded"] == 0 and "2:4" in one["patterns"] and one["theorem"] and one["on_grid"]
        assert one["slack"] == one["bound"] - one["error"] >= 0
        assert one["error"] == pytest.approx(one["e_sq"], rel=1e-12)
        assert one["e_s"] == 0 or "s2of4" not in model
    assert main(["verify", str(out), "--against", f"zoo:{model}", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == "sqtheory.verify/1" and found["failures"] == []
    assert found["recomputed"] == found["on_grid"] == len(report["tensors"])
    assert main(["inspect", str(out), "--json"]) == 0
    tensors = {t["name"]: t for t in json.loads(capsys.readouterr().out)["tensors"]}
    assert all("2:4" in tensors[one["name"]]["patterns"] for one in report["tensors"])
    assert all(tensors[one["name"]]["zeros"] == one["zeros"] for one in report["tensors"])


def test_the_errors_are_those_of_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["apply", "zoo:lm-dense", str(tmp_path / "o.safetensors"), *PIPELINE, "--norm", "1", "--json"])
    mine = {t["name"]: t for t in json.loads(capsys.readouterr().out)["tensors"]}
    main(["order", "zoo:lm-dense", *PIPELINE, "--norm", "1", "--json"])
    for row in json.loads(capsys.readouterr().out)["tensors"]:
        one = mine[row["name"]]
        assert {k: one[f"e_{k}"] for k in row["errors"]} == row["errors"]
        assert (one["bound"], one["winner"]) == (row["bound"], row["winner"])
        assert (one["theorem"], one["failed"]) == (row["reason"]["theorem"], row["reason"]["failed"])


def test_a_dry_run_says_the_same_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = one_file(tmp_path / "in.safetensors"), tmp_path / "deep" / "out.safetensors"
    asked = ["apply", str(source), str(out), "--mask", "2:4", "--format", "int4", "--workers", "2"]
    assert main([*asked, "--json", "--dry-run"]) == 0
    planned = capsys.readouterr().out
    assert [p.name for p in tmp_path.iterdir()] == ["in.safetensors"]
    assert main([*asked, "--dry-run"]) == 0
    text = capsys.readouterr().out
    assert "nothing is written (--dry-run)" in text and "lm_head.weight (head)" in text
    assert "values in 2 tensors are none of BF16, F16 and were rounded once more" in text
    assert [p.name for p in tmp_path.iterdir()] == ["in.safetensors"]
    assert main([*asked, "--json"]) == 0
    assert capsys.readouterr().out == planned
    assert sorted(p.name for p in out.parent.iterdir()) == ["out.safetensors", "out.safetensors.sqtheory.json"]


def test_targets_and_ties_are_as_in_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = one_file(tmp_path / "in.safetensors"), tmp_path / "out.safetensors"
    asked = ["apply", str(source), str(out), *PIPELINE, "--order", "qs", "--ties", "by_original", "--json"]
    assert main([*asked, "--targets", "lm_head.weight", "--targets", "re:[ab].weight", "--ignore", "a.weight"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [t["name"] for t in report["tensors"]] == ["b.weight", "lm_head.weight"]
    assert report["recipe"]["ties"] == "by_original" and report["recipe"]["order"] == "qs"
    assert all(t["e_qs"] == t["e_sq"] and t["error"] == pytest.approx(t["e_qs"]) for t in report["tensors"])
    assert {t["name"]: t["reason"] for t in report["left_alone"]}["a.weight"] == "ignored"
    assert main(["verify", str(out), "--against", str(source)]) == 0
    assert "every byte, every error, every count" in capsys.readouterr().out


def test_what_is_wrong_is_one_line_with_its_status(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = one_file(tmp_path / "in.safetensors"), tmp_path / "out.safetensors"
    asked = ("apply", source, out)
    assert "groups of 5" in refused(capsys, 3, *asked, "--mask", "3:5", "--format", "int4")
    assert "I64 cannot hold" in refused(capsys, 3, *asked, *PIPELINE, "--targets", "ids")
    assert "the input itself" in refused(capsys, 2, "apply", source, source, *PIPELINE, "--force")
    assert "must end with .safetensors" in refused(capsys, 2, "apply", source, tmp_path / "out.gguf", *PIPELINE)
    assert "did you mean 'mxfp4'" in refused(capsys, 2, *asked, "--mask", "2:4", "--format", "mxpf4")
    assert "no tensor is called" in refused(capsys, 3, *asked, *PIPELINE, "--targets", "x")
    assert "there is no such file" in refused(capsys, 3, "apply", tmp_path / "none", out, *PIPELINE)
    assert "there is no such file" in refused(capsys, 3, "verify", out)
    assert "the report that apply wrote" in refused(capsys, 3, "verify", source)
    assert [p.name for p in tmp_path.iterdir()] == ["in.safetensors"]
    assert main([*map(str, asked), *PIPELINE]) == 0
    capsys.readouterr()
    assert "pass --force" in refused(capsys, 2, *asked, *PIPELINE)
    out.write_bytes(source.read_bytes())
    assert "its metadata sqtheory.version" in refused(capsys, 1, "verify", out)
    out.write_bytes(out.read_bytes()[:-3])
    assert "truncated" in refused(capsys, 3, "verify", out)


def test_verify_names_the_first_tensor_that_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = archive(tmp_path / "in.npz"), tmp_path / "out.npz"
    assert main(["apply", str(source), str(out), *PIPELINE]) == 0
    with np.load(out) as loaded:
        arrays = dict(loaded)
    arrays["f"] = np.asfortranarray(np.ones_like(arrays["f"]))
    arrays["h"] = arrays["h"] * 0
    np.savez(out, **arrays)
    capsys.readouterr()
    said = refused(capsys, 1, "verify", out)
    assert "tensor 'f': the pattern is broken: group (0, 0) has 4 entries" in said and said.endswith("(and 2 more)\n")
    assert main(["verify", str(out), "--json"]) == 1
    assert [f["tensor"] for f in json.loads(capsys.readouterr().out)["failures"]] == ["f", "h", None]


def material(kind: str, tmp_path: Path) -> tuple[Path, Path]:
    """A source of a kind, and where its compressed form goes."""
    make, suffix = MATERIAL[kind][1], MATERIAL[kind][0]
    return make(tmp_path / f"in{suffix}"), tmp_path / "home" / f"out{suffix}"


KILLED = """
import sys, time
from sqtheory.files import atomic
from sqtheory.cli import main
write, left = atomic.NewFile.write, [int(sys.argv[1])]
def paused(self, data, at=None):
    left[0] -= 1
    if left[0] == 0:
        write(self, memoryview(data)[:1], at)
        print("writing", flush=True)
        time.sleep(600)
    write(self, data, at)
atomic.NewFile.write = paused
main(["apply", sys.argv[2], sys.argv[3], "--mask", "2:4", "--format", "mxfp4", "--force"])
"""


@thin(6)
@LINUX
@pytest.mark.parametrize("old", [pytest.param(False, marks=nightly), True], ids=["new", "replacing"])
@pytest.mark.parametrize("kind", MATERIAL)
def test_a_process_killed_in_the_middle_of_a_write_leaves_what_was_there(tmp_path: Path, kind: str, old: bool) -> None:
    """What has a name when it is killed goes when the next one writes there."""
    source, out = material(kind, tmp_path)
    if old:
        assert main(["apply", str(source), str(out), "--mask", "1:4", "--format", "int4"]) == 0
    for at in (1, 4) if often(1) == 1 else range(1, 14):
        command = [sys.executable, "-c", KILLED, str(at), str(source), str(out)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout and process.stdout.readline() == "writing\n"
            process.send_signal(signal.SIGKILL)
        assert out.exists() == old
        if old:
            assert main(["verify", str(out), "--against", str(source)]) == 0
    assert main(["apply", str(source), str(out), *PIPELINE, "--force"]) == 0
    assert sorted(p.name for p in out.parent.iterdir()) == [out.name, f"{out.name}.sqtheory.json"]
    assert main(["verify", str(out), "--against", str(source)]) == 0


@thin(4)
@LINUX
@pytest.mark.parametrize("kind", MATERIAL)
def test_a_full_disk_is_status_four_and_leaves_nothing(tmp_path: Path, kind: str) -> None:
    """A limit on the size of files, one byte below the largest of them, stands for a disk that is full."""
    source, out = material(kind, tmp_path)
    assert main(["apply", str(source), str(out), *PIPELINE]) == 0
    limit = max(p.stat().st_size for p in out.parent.rglob("*") if p.is_file()) - 1
    code = (
        "import resource, sys\nfrom sqtheory.cli import main\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
        f"sys.exit(main(['apply', {str(source)!r}, {str(tmp_path / out.name)!r}, *{PIPELINE}]))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 4 and run.stderr.count("\n") == 1 and str(tmp_path / out.name) in run.stderr, run.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["home", source.name]


@LINUX
def test_memory_does_not_grow_with_the_number_of_tensors(tmp_path: Path) -> None:
    w = np.random.default_rng(0).standard_normal((512, 1024)).astype("f2")
    peaks, asked = [], [*PIPELINE, "--engine", "numpy"]  # numba takes memory when it is first worth its start
    for count in (1, 7):
        save_file({f"{i}.weight": w for i in range(count)}, tmp_path / f"{count}.safetensors")
        code = (
            "import re, sys\nfrom sqtheory.cli import main\n"
            f"main(['apply', '{count}.safetensors', 'out{count}.safetensors', *{asked}])\n"
            "print(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1], file=sys.stderr)"
        )
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
        peaks.append(int(run.stderr))
    assert peaks[1] - peaks[0] < 4096


def test_a_link_into_the_blobs_of_a_cache_is_followed(tmp_path: Path) -> None:
    source = sharded(tmp_path / "cache" / "snapshots" / "abc")
    (tmp_path / "cache" / "blobs").mkdir()
    for file in [p for p in source.rglob("*") if p.is_file()]:
        blob = tmp_path / "cache" / "blobs" / file.name
        file.rename(blob)
        file.symlink_to(blob)
    assert main(["apply", str(source / INDEX), str(tmp_path / "out"), *PIPELINE]) == 0
    assert not [p for p in (tmp_path / "out").rglob("*") if p.is_symlink()]
    with open_checkpoint(tmp_path / "out") as written:
        assert len(written.tensors) == 4
    (source / "config.json").unlink()
    (source / "config.json").symlink_to("/etc/hostname")
    assert main(["apply", str(source), str(tmp_path / "other"), *PIPELINE]) == 3
    assert not (tmp_path / "other").exists()
