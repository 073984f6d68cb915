"""WordPiece against what the tokenizers library (0.23) said of the same small vocabulary, and its refusals."""

import json
from pathlib import Path
from typing import Any

import pytest

from sqtheory.exceptions import CheckpointError
from sqtheory.models.tokenizers.word_pieces import WordPieces, word_pieces
from tests.models.architectures.folders import BERT_TOKENIZER, PIECES

SAID = {
    "The running runner runs.": "[UNK] run ##ning run ##ner run ##s .",
    "CAFÉ, café": "[UNK] , [UNK]",
    "don't $5^2-`x`": "d ##o ##n ' t $ 5 ^ 2 - ` x `",
    "中the中": "中 the 中",
    "ΣΣ ß": "[UNK] ß",
    "a\tb\u00a0c\u200bd\x00e\ufffdf": "a b c ##d ##e ##f",
    "ŉ–x": "[UNK] [UNK] x",
    "run" + "n" * 97: "run" + " ##n" * 97,
    "run" + "n" * 98: "[UNK]",
    "run_the": "run [UNK] the",
    "Ėa ½": "[UNK] [UNK]",
    "": "",
}
LOWER = {
    "The running runner runs.": "the run ##ning run ##ner run ##s .",
    "CAFÉ, café": "cafe , cafe",
    "ΣΣ ß": "σ ##σ ß",
    "Ėa ½": "e ##a [UNK]",
}
"""Where words in small letters without accents are other pieces."""


def written(folder: Path, content: dict[str, Any]) -> Path:
    (folder / "tokenizer.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def changed(part: str, **values: object) -> dict[str, Any]:
    return {**BERT_TOKENIZER, part: {**BERT_TOKENIZER[part], **values}}


def pieces(tokenizer: WordPieces, text: str) -> str:
    return " ".join(tokenizer.tokens[number] for number in tokenizer.encode(text))


@pytest.mark.parametrize("text", SAID)
def test_words_are_cut_as_the_library_cuts_them(tmp_path: Path, text: str) -> None:
    lower = word_pieces(written(tmp_path, dict(BERT_TOKENIZER)), len(PIECES), "BERT")
    assert pieces(lower, text) == {**SAID, **LOWER}[text]
    cased = word_pieces(written(tmp_path, changed("normalizer", lowercase=False)), len(PIECES), "BERT")
    assert pieces(cased, text) == SAID[text]


def test_a_list_of_tokens_is_the_same_tokenizer(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_text("".join(f"{piece}\n" for piece in PIECES), encoding="utf-8")
    (tmp_path / "tokenizer_config.json").write_text('{"do_lower_case": true}', encoding="utf-8")
    for text, expected in {**SAID, **LOWER}.items():
        assert pieces(word_pieces(tmp_path, len(PIECES), "BERT"), text) == expected
    (tmp_path / "tokenizer_config.json").write_text('{"tokenize_chinese_chars": false}', encoding="utf-8")
    assert pieces(word_pieces(tmp_path, len(PIECES), "BERT"), "中the中") == "[UNK]"
    for text, said in {"a\na\n": "different tokens", "a\n" + "\n".join(PIECES): "at most"}.items():
        (tmp_path / "vocab.txt").write_text(text, encoding="utf-8")
        with pytest.raises(CheckpointError, match=said):
            word_pieces(tmp_path, len(PIECES), "BERT")
    (tmp_path / "vocab.txt").write_bytes(b"\xff")
    with pytest.raises(CheckpointError, match=r"vocab\.txt: not a text in UTF-8"):
        word_pieces(tmp_path, len(PIECES), "BERT")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (changed("model", type="BPE"), r"'model.type' must be 'WordPiece', got 'BPE'"),
        (changed("model", continuing_subword_prefix="@@"), "'model.continuing_subword_prefix' must be '##'"),
        (changed("normalizer", type="NFC"), "'normalizer.type' must be 'BertNormalizer'"),
        (changed("normalizer", lowercase="yes"), "'normalizer.lowercase' must be true or false, got 'yes'"),
        (changed("pre_tokenizer", type="Whitespace"), "'pre_tokenizer.type' must be 'BertPreTokenizer'"),
        ({"model": 5, "normalizer": {}}, "'model' must be an object, got 5"),
        (changed("model", vocab={"[CLS]": 0, "[SEP]": 0}), "needs a number of its own below"),
        (changed("model", vocab={"[CLS]": 0, "[SEP]": 1}), r"needs the token '\[UNK\]'"),
        (changed("model", vocab={"[CLS]": 1000}), "below 97, got 1000"),
    ],
)
def test_another_tokenizer_is_refused(tmp_path: Path, content: dict[str, Any], said: str) -> None:
    with pytest.raises(CheckpointError, match=said):
        word_pieces(written(tmp_path, content), 97, "BERT")


def test_a_folder_without_a_tokenizer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"tokenizer\.json: there is no such file, and a BERT needs it"):
        word_pieces(tmp_path, 9, "BERT")
    (tmp_path / "tokenizer.json").write_text("[", encoding="utf-8")
    with pytest.raises(CheckpointError, match="is not JSON"):
        word_pieces(tmp_path, 9, "BERT")
    (tmp_path / "tokenizer.json").unlink()
    (tmp_path / "tokenizer.json").mkdir()
    with pytest.raises(CheckpointError, match="not a regular file"):
        word_pieces(tmp_path, 9, "BERT")
