"""The four words of orders on the zoo's models: ``python -m tests.four_words`` writes their table."""

from sqtheory.alphabet.notation import parse_as
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.models import open_model, samples_for
from sqtheory.models.studies.operands import layer_words, words_table
from sqtheory.orders.pair import Pair
from sqtheory.tables import Table
from sqtheory.theory.certificates import FourWords
from tests.results import FOLDER

FILE = FOLDER / "four-words.md"
SAMPLES = {"lm-dense": 4, "vit-dense": 8}
FORMATS = ("int8", "int4", "mxfp4", "hbfp4")
NOTE = """\
Relative errors ‖XWᵀ − X̂Ŵᵀ‖_F/‖XWᵀ‖_F, on average over the block linears at the inputs of the dense model: 2:4 and one
format on activations and on weights, the order on X × the order on W. *Best*: in how many layers a word is. *Regret*:
by how much S→Q on both sides exceeds the best word of a layer.
"""


def table(models: tuple[str, ...], formats: tuple[str, ...]) -> Table:
    """The lines of these models and formats."""
    named: dict[str, dict[str, FourWords]] = {}
    for name in models:
        model = open_model(name)
        pairs = [Pair(nm(2, 4), parse_as(Quantizer, "a format", text)) for text in formats]
        found = layer_words(model, samples_for(model, ()).some(SAMPLES[name]), pairs)
        named |= {f"{name} {text}": words for text, words in zip(formats, found, strict=True)}
    return words_table(named)


if __name__ == "__main__":
    shown = table(tuple(SAMPLES), FORMATS).markdown()
    FILE.write_text(f"<!-- python -m tests.four_words -->\n{NOTE}\n{shown}\n", encoding="utf-8")
