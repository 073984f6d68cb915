"""A grapheme-to-phoneme network of random weights that says words of all lengths, and a dictionary for it."""

from pathlib import Path

import numpy as np

from sqtheory.models.tokenizers.pronunciations import END, LETTERS, PHONEMES

WIDTH, READ, SAID = 8, 8, 12
"""Of the state, and of the embeddings of letters and of phonemes."""
DICTIONARY = """\
;;; a comment
's Z
abc AE1 B K # not a word
abc(2) EY1 B IY1 S IY1
Abe EY1 B
o'clock AH0 K L AA1 K

zebra Z IY1 B R AH0
zoo Z UW1
zoo(12) Z UW
the DH AH0
the(2) DH AH1
the(3) DH IY0
"""


def tensors(seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    shapes = {"enc_emb": (len(LETTERS), READ), "dec_emb": (len(PHONEMES), SAID)}
    for side, width in (("enc", READ), ("dec", SAID)):
        shapes |= {f"{side}_w_ih": (3 * WIDTH, width), f"{side}_w_hh": (3 * WIDTH, WIDTH)}
        shapes |= {f"{side}_b_ih": (3 * WIDTH,), f"{side}_b_hh": (3 * WIDTH,)}
    shapes |= {"fc_w": (len(PHONEMES), WIDTH), "fc_b": (len(PHONEMES),)}
    found = {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    found["fc_b"][END] += 2
    return found


def written(path: Path, **changes: np.ndarray | None) -> Path:
    stored = {**tensors(), **changes}
    np.savez(path, **{name: value for name, value in stored.items() if value is not None})
    return path


def dictionary(path: Path) -> Path:
    path.write_text(DICTIONARY, encoding="ascii")
    return path
