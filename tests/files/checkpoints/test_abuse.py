"""Every kind of bad input that other tools were found to mishandle, and the test that holds ours to what it must do.

truncated, trailing bytes, hole, overlap, begin > end
    test_safetensors.test_a_malformed_file_is_refused_in_one_line, test_fuzz.test_every_truncation_is_refused
header of 2^63 bytes, 7-byte or empty file
    test_safetensors.test_a_malformed_file_is_refused_in_one_line,
    test_safetensors.test_a_small_tensor_of_a_large_file_costs_little_memory
duplicate keys, a header that starts with a space
    test_safetensors.test_a_malformed_file_is_refused_in_one_line,
    test_safetensors.test_many_repeated_keys_are_found_quickly
non-UTF-8, deep JSON, float offsets, negative shapes, unknown dtype, metadata that are no strings
    test_safetensors.test_a_malformed_file_is_refused_in_one_line, test_fuzz.test_any_json_is_read_or_refused
tensors without entries or axes
    test_safetensors.test_what_the_library_writes_is_read_back, packing.test_packed.test_no_axes_and_no_entries
shape [0, 2^62, 2^62], rank 10^5
    test_safetensors.test_a_malformed_file_is_refused_in_one_line,
    test_safetensors.test_the_limits_themselves_are_allowed
names that look like paths, with NUL or line breaks, or long
    test_safetensors.test_a_malformed_file_is_refused_in_one_line,
    test_abuse.test_names_never_become_paths
random changes of headers
    test_fuzz.test_random_changes_of_a_header_are_refused_unless_the_library_reads_them
NaN and infinity in weights
    test_quantizer_inputs.test_nan_and_infinity_are_refused_by_place_and_rule,
    test_quantizer_inputs.test_propagation_spoils_the_block_and_nothing_else
subnormal numbers, −0
    test_rounding.test_cell_boundaries_round_by_the_exact_rule,
    packing.test_packed.test_minus_zero_is_kept_where_the_format_has_it
BF16, FP8, E8M0, FP4
    test_safetensors.test_bfloat16_and_float8_need_no_other_package,
    test_writing.test_every_value_of_a_short_float_is_written_as_its_code
arrays of any layout and byte order
    test_writing.test_arrays_of_any_layout_come_back_from_the_reader_of_the_library
a symbolic link as output
    atomic.test_files.test_a_file_keeps_its_mode_and_a_symbolic_link_is_replaced_itself
modes of files
    atomic.test_files.test_the_mode_of_a_new_file_is_what_the_umask_leaves
disk full
    test_writing.test_a_full_disk_is_status_four_and_leaves_the_old_file,
    test_writing.test_a_fault_at_any_call_leaves_the_old_file_or_the_whole_new_one
killed while writing
    test_writing.test_a_process_killed_while_writing_leaves_a_whole_file_and_nothing_that_stays
power loss
    atomic.test_files.test_bytes_are_synced_before_the_name_is_taken_and_the_folder_after
writers and readers at once
    test_writing.test_readers_never_see_a_mixed_file, test_abuse.test_processes_never_see_a_mixed_file
ONNX external data outside, absolute, behind links, short, nested
    test_onnx.test_external_data_outside_are_refused, test_onnx.test_external_data_behind_links_are_refused,
    test_onnx.test_external_data_of_another_size_are_refused
older versions of onnx
    test_onnx.test_without_the_package_or_with_an_old_one_the_extra_is_named
changed ONNX files
    test_onnx.test_any_change_is_read_or_refused
GGUF arrays and strings of 2^63 entries
    test_gguf.test_the_file_on_which_the_reader_of_the_package_hangs_is_refused,
    test_gguf.test_a_malformed_file_is_refused_in_one_line_and_at_once
changed GGUF files
    test_gguf.test_any_change_is_read_or_refused
faults of the C++ readers of GGUF
    no test: no such reader is linked; the header is read by sqtheory.files.checkpoints.gguf_header
npy arrays of objects, huge shapes, zip bombs
    test_npz.test_a_type_without_a_reader_is_listed_and_refused_when_read,
    test_npz.test_a_member_that_breaks_its_header_is_refused,
    test_npz.test_a_zip_bomb_is_refused_from_the_directory_alone
npy of BF16
    test_npz.test_a_type_without_a_reader_is_listed_and_refused_when_read
pickles
    test_open.test_anything_else_is_named_and_refused,
    test_open.test_no_module_imports_a_package_that_could_run_a_file_or_is_only_for_tests
strings that name code or paths
    test_open.test_hostile_files_run_nothing_and_write_nothing, test_abuse.test_verbs_run_nothing_and_write_nothing,
    test_abuse.test_words_of_a_schema_are_a_closed_list
an index that leads out of the folder, to nothing, or in circles
    test_shards.test_an_index_that_does_not_fit_is_refused,
    test_fuzz.test_random_changes_of_an_index_are_read_or_refused
a last axis that is no multiple of the group or block
    test_quantizer_inputs.test_short_blocks_are_scaled_alone_or_refused
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import sqtheory as sq
from sqtheory.files.checkpoints import SafetensorsWriter, declare
from sqtheory.files.packing import PackedCheckpoint, pack_image, unpack_file, write_packed
from sqtheory.files.packing.metadata import KEY
from sqtheory.files.packing.schema import Schema
from tests.files.checkpoints.handmade import often, safetensors_bytes
from tests.files.checkpoints.test_gguf import gguf_bytes
from tests.files.checkpoints.test_gguf import tensor as gguf_tensor
from tests.nightly import nightly

TESTS = Path(__file__).parents[2]
EVIL = ("evil", "evil.py", "evil:run", "os:system", "evil.run", "__import__('evil')", "../evil", "torch.load")
"""What a string would have to say to run the module ``evil`` that lies in the working folder."""


def test_every_row_names_a_test_that_exists() -> None:
    rows = re.findall(r"^(\S.*)\n((?:    .*\n)+)", __doc__, re.M)
    assert len(rows) == 30
    for row, named in rows:
        tests = re.findall(r"((?:\w+\.)+)(test_\w+)", named)
        assert tests or "no test: " in named, row
        for module, test in tests:
            path = module.rstrip(".").replace(".", "/") + ".py"
            file = next(f for home in ("files/checkpoints", "files", "alphabet") if (f := TESTS / home / path).exists())
            assert f"def {test}(" in file.read_text(encoding="utf-8"), (row, test)


def test_names_never_become_paths(tmp_path: Path) -> None:
    rng, inside = np.random.default_rng(0), tmp_path / "inside"
    inside.mkdir()
    parts = ["..", "/", "\\", "~", ".", "tmp", "C:", "\n", "\r", "\x1b[2J", "é", "a", " ", "%00", "$HOME", "`id`"]
    names = {"".join(rng.choice(parts, rng.integers(1, 9))) for _ in range(often(1000))}
    packed = pack_image(np.ones((1, 4), np.float32), sq.parse("int4"))
    with SafetensorsWriter(inside / "w", [declare(name, "U8", (1,)) for name in names]) as writer:
        for name in names:
            writer.write(name, np.ones(1, np.uint8))
    write_packed(inside / "p", ((name, packed) for name in names))
    with PackedCheckpoint(inside / "p") as checkpoint:
        unpack_file(checkpoint, inside / "u")
    assert set(load_file(inside / "w")) == set(load_file(inside / "u")) == names
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["inside", "p", "u", "w"]


def test_words_of_a_schema_are_a_closed_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any other word in the place of one is refused, and imported by nobody."""
    f = sq.parse("2:4 >> nvfp4")
    text = json.dumps(pack_image(np.ones((1, 32), np.float32), f).schema.to_dict())
    words = [
        word for word in re.findall(r'(?<=: )"[^"]*"', text) if word not in (json.dumps(str(f)), '"e2m1"', '"e4m3"')
    ]
    assert {"F32", "float", "two_level", "combination", "none"} <= {json.loads(word) for word in words}
    rng, before = np.random.default_rng(0), set(sys.modules)
    for _ in range(often(1000)):
        word = str(rng.choice(words))
        evil = json.dumps(str(rng.choice(EVIL)) + str(rng.choice(["", ".x", ":y", "\0"])))
        with pytest.raises(ValueError, match=r"is one of|needed an object|is integer, float or codebook|scales are"):
            Schema.from_dict(json.loads(text.replace(word, evil, 1)))
    assert set(sys.modules) == before


AUDIT = """
import contextlib, importlib, io, pathlib, sys
import onnx.numpy_helper, gguf
from sqtheory.cli import main
here, broken = pathlib.Path.cwd(), len(sys.argv) > 1
seen, on = [], False
def hook(event, arguments):
    if not on:
        return
    kind = event.split(".")[0]
    if kind in ("subprocess", "socket", "pickle", "shutil", "ctypes", "exec") or (
        kind == "os" and event not in ("os.listdir", "os.scandir")
    ):
        seen.append((event, str(arguments)))
    if event == "import" and arguments[0] != "encodings.cp437":  # the alphabet of names in zip archives
        seen.append((event, str(arguments)))
    if event == "open" and (set(str(arguments[1])) & set("wax+") or (arguments[2] or 0) & 3):
        seen.append((event, str(arguments)))
def run(*words):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return main(words)
def verbs(file):
    yield "inspect", file
    yield "inspect", file, "--json"
    yield "order", file, "--mask", "2:4", "--format", "int4"
    yield "unpack", file, "--list"
    yield "unpack", file, "new"
sys.addaudithook(hook)
for file in sorted((here / "fine").iterdir()):  # everything that verbs import lazily is there afterwards
    for words in verbs(str(file)):
        run(*words)
(here / "new").unlink()
counts = {}
for file in sorted((here / "hostile").iterdir())[: 1 if broken else None]:
    for words in verbs(str(file)):
        on = words[-1] != "new"  # unpacking may begin to write
        status = run(*words)
        if broken:
            importlib.import_module("evil")
        on = False
        counts[status] = counts.get(status, 0) + 1
assert not seen, seen[:5]
print(counts)
"""


def fill(tmp_path: Path) -> None:
    """Folders ``fine`` and ``hostile``, and a module that leaves a file when it is imported."""
    fine, hostile = tmp_path / "fine", tmp_path / "hostile"
    fine.mkdir()
    hostile.mkdir()
    (tmp_path / "evil.py").write_text("open('owned', 'w').close()\n")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4, 64)).astype(np.float32)
    save_file({"w": x}, fine / "w.safetensors")
    np.savez(fine / "w.npz", w=x)
    (fine / "w.gguf").write_bytes(gguf_bytes([], [gguf_tensor(b"w", (1, 64), 0, 0)], bytes(256)))
    write_packed(fine / "p", [("w", pack_image(x, sq.parse("2:4 >> mxfp4")))])
    (hostile / "w.pt").write_bytes(b"cevil\nrun\n(S'x'\ntR.")
    (hostile / "w.npy").write_bytes(b"\x93NUMPY\x01\x00\x2f\x00" + b"__import__('evil')".ljust(0x2F))
    np.savez(hostile / "object.npz", w=np.array([print], object))
    folder = hostile / "folder"
    folder.mkdir()
    (folder / "config.json").write_text('{"auto_map": {"AutoModel": "evil.run"}}')
    (folder / "m.safetensors.index.json").write_text('{"weight_map": {"w": "../evil"}}')
    described = json.dumps({"schema": "sqtheory.packed/1", "tensors": {"w": {}}})
    for number, word in enumerate(EVIL):
        save_file({word: x, f"{word}.codes": x}, hostile / f"names{number}", {word: word, KEY: described})
    whole, packed = ((fine / name).read_bytes() for name in ("w.safetensors", "p"))
    words = re.findall(rb'(?<=: )\\"[^"]*\\"|(?<=:)\\"[^"]*\\"', packed)
    assert len(words) == 8
    for number in range(often(20)):
        evil = str(rng.choice(EVIL)).encode()
        length, content = int.from_bytes(packed[:8], "little"), packed
        header = content[8 : 8 + length].replace(words[rng.integers(len(words))], b'\\"' + evil + b'\\"', 1)
        body = content[8 + length :]
        (hostile / f"packed{number}").write_bytes(safetensors_bytes(header.ljust(-(-len(header) // 8) * 8), body))
        changed = bytearray(whole if number % 2 else packed)
        at = int(rng.integers(8, len(changed) - len(evil)))
        changed[at : at + len(evil)] = evil
        (hostile / f"changed{number}").write_bytes(changed)


@pytest.mark.parametrize("broken", [pytest.param(False, marks=nightly), True])
def test_verbs_run_nothing_and_write_nothing(tmp_path: Path, broken: bool) -> None:
    """``inspect``, ``order`` and ``unpack`` raise no audit event of an import, a process or a file to be written.

    A program that imports what a file names is noticed.
    """
    fill(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    path = f"{TESTS.parent}{os.pathsep}{tmp_path}"
    environment = os.environ | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", AUDIT, *(["broken"] if broken else [])]
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    if broken:
        assert ran.returncode == 1 and "('exec', " in ran.stderr and (tmp_path / "owned").exists()
        return
    assert ran.returncode == 0, ran.stderr
    counts = json.loads(re.sub(r"(\d+):", r'"\1":', ran.stdout))
    assert set(counts) <= {"0", "2", "3"} and counts["3"] > often(20)
    assert [p for p in sorted(tmp_path.rglob("*")) if p.name != "new"] == before


WRITE = """
import sys
from pathlib import Path
import numpy as np
from sqtheory.files.checkpoints import SafetensorsWriter, declare
number, file = int(sys.argv[1]), Path(sys.argv[2])
declared = [declare(str(i), "F32", (1 << 14,)) for i in range(4)]
for _ in range(int(sys.argv[3])):
    with SafetensorsWriter(file, declared, {"i": str(number)}, force=True) as writer:
        for i in range(4):
            writer.write(str(i), np.full(1 << 14, number, np.float32))
"""
READ = """
import sys
from sqtheory.files.checkpoints import open_checkpoint
seen = set()
for _ in range(int(sys.argv[3])):
    with open_checkpoint(sys.argv[2]) as checkpoint:
        number = checkpoint.metadata["i"]
        for info in checkpoint.tensors:
            assert (checkpoint.read(info.name) == float(number)).all(), number
        seen.add(number)
print(len(seen))
"""


def test_processes_never_see_a_mixed_file(tmp_path: Path) -> None:
    """4 processes write one file, 20 times each, and 2 read it; ten times as many every night."""
    file = tmp_path / "w.safetensors"
    subprocess.run([sys.executable, "-c", WRITE, "0", file, "1"], check=True)
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(i), file, str(count)], stdout=subprocess.PIPE, text=True)
        for code, processes, count in ((WRITE, often(4), 20), (READ, often(2), 20))
        for i in range(processes)
    ]
    ended = [(process.communicate()[0], process.returncode) for process in started]
    assert {status for _, status in ended} == {0}
    assert max(int(said) for said, _ in ended[often(4) :]) > 1
    assert [p.name for p in tmp_path.iterdir()] == ["w.safetensors"]
