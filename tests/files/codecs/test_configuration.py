"""What config.json and hf_quant_config.json say of quantization, and what of it is refused."""

import json
import os
from pathlib import Path

import pytest

from sqtheory.exceptions import CheckpointError
from sqtheory.files.codecs.configuration import Configuration, without


def said(folder: Path, **files: object) -> Configuration:
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / f"{name}.json").write_text(text)
    return Configuration(folder)


@pytest.mark.parametrize(
    ("config", "content"),
    [
        ({}, {}),
        ({"quantization_config": None}, {}),
        ({"quantization_config": {"quant_method": "fp8"}}, {"quant_method": "fp8"}),
        ({"text_config": {"quantization_config": {"quant_method": "fp8"}}}, {"quant_method": "fp8"}),
        ({"quantization": {"group_size": 64, "bits": 4}}, {"quant_method": "mlx", "group_size": 64, "bits": 4}),
        ({"quantization_config": {"load_in_4bit": True}}, {"quant_method": "bitsandbytes", "load_in_4bit": True}),
    ],
)
def test_where_a_config_says_it(tmp_path: Path, config: object, content: object) -> None:
    found = said(tmp_path, config=config)
    assert dict(found.content) == content
    assert found.method == dict(found.content).get("quant_method")
    assert found.paths == ((tmp_path / "config.json",) if content else ())
    found.close()


def test_modelopt_says_it_in_a_file_of_its_own(tmp_path: Path) -> None:
    algorithm = {"producer": {"name": "modelopt"}, "quantization": {"quant_algo": "NVFP4", "group_size": 16}}
    found = said(tmp_path, hf_quant_config=algorithm)
    assert dict(found.content) == {"quant_method": "modelopt", "quant_algo": "NVFP4", "group_size": 16}
    assert str(found) == "quant_method modelopt, quant_algo NVFP4"
    found.close()
    with pytest.raises(CheckpointError, match=r"quant_algo is FP8, in hf_quant_config\.json NVFP4"):
        said(tmp_path, config={"quantization_config": {"quant_method": "modelopt", "quant_algo": "FP8"}})


@pytest.mark.parametrize(
    "content",
    [
        {"quant_method": "modelopt", "quant_algo": None, "kv_cache_quant_algo": "FP8"},
        {"quant_method": "compressed-tensors", "config_groups": {}, "kv_cache_scheme": {"num_bits": 8}},
        {"quant_method": "compressed-tensors", "config_groups": {"group_0": {"targets": ["Linear"], "weights": None}}},
    ],
)
def test_a_quantization_of_no_weights_says_nothing(tmp_path: Path, content: dict[str, object]) -> None:
    assert not said(tmp_path, config={"quantization_config": content}).content


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ('{"quantization_config": 1}', "must be a JSON object"),
        ('{"quantization_config": {}}', "must have a text for 'quant_method'"),
        ('{"quantization_config": {"quant_method": 4}}', "must have a text for 'quant_method'"),
        ('{"quantization_config": {"quant_method": "fp8"}', "not JSON"),
        ('{"quantization_config": {}, "quantization_config": {"quant_method": "fp8"}}', "twice"),
    ],
)
def test_what_cannot_be_understood_is_refused(tmp_path: Path, text: str, rule: str) -> None:
    with pytest.raises(CheckpointError, match=rule) as caught:
        said(tmp_path, config=text)
    assert "config.json" in str(caught.value)


def test_a_config_that_does_not_speak_of_quantization_is_not_read(tmp_path: Path) -> None:
    found = said(tmp_path, config="[not JSON")
    assert not found.content and not found.paths and found.method is None


def test_a_config_without_its_quantization() -> None:
    config = {
        "a": 1,
        "quantization_config": {},
        "text_config": {"b": 2, "quantization": {}},
        "other": {"quantization": 3},
    }
    assert without(config) == {"a": 1, "text_config": {"b": 2}, "other": {"quantization": 3}}


def test_a_config_that_is_no_file_of_the_folder(tmp_path: Path) -> None:
    """A pipe is not opened, a link out of the folder not followed where it would be obeyed."""
    os.mkfifo(tmp_path / "config.json")
    (tmp_path / "hf_quant_config.json").mkdir()
    assert not Configuration(tmp_path).content
    (tmp_path / "config.json").unlink()
    (tmp_path / "elsewhere").mkdir()
    said(tmp_path / "elsewhere", config={"quantization_config": {"quant_method": "fp8"}}).close()
    (tmp_path / "config.json").symlink_to("elsewhere/config.json")
    found = Configuration(tmp_path)
    assert found.method == "fp8"
    found.close()
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "config.json").symlink_to(tmp_path / "elsewhere" / "config.json")
    with pytest.raises(CheckpointError, match="leads out of the folder"):
        Configuration(inner)
    (inner / "config.json").unlink()
    (inner / "config.json").symlink_to("nowhere")
    assert not Configuration(inner).content
