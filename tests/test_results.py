"""Committed result tables say what their command prints: a sample of rows computed again."""

import random
import re
from pathlib import Path

import numpy as np
import pytest

from sqtheory.alphabet.notation import parse_as
from sqtheory.alphabet.operators import IDENTITY
from sqtheory.alphabet.quantizers import Quantizer, hbfp
from sqtheory.alphabet.sparsifiers import Sparsifier, nm
from sqtheory.cli import main, parser
from sqtheory.cli.table import grid_of
from sqtheory.exceptions import MissingExtra
from sqtheory.execution.costs import MACHINES, MODELS
from sqtheory.files import zoo
from sqtheory.methods import ALL, PrunedOperand, find
from sqtheory.models import ACCURACY, METRICS, open_model, samples_for
from sqtheory.models.evaluation.data import labelled
from sqtheory.models.evaluation.evaluations import Evaluations
from sqtheory.models.studies.hbfp import SECTIONS, TRAININGS, Descent, train
from sqtheory.models.studies.hbfp.images import FOLDS, fold
from sqtheory.models.studies.hbfp.space import BITS, BOXES, DISTRIBUTIONS, cell
from sqtheory.models.studies.networks.prediction import Study, weighed
from sqtheory.models.studies.networks.sensitivity import Around
from sqtheory.models.studies.trials import trial_metric, trial_tables, trials
from sqtheory.orders.applied import Order
from tests.nightly import NIGHTLY, nightly, thin
from tests.results import FOLDER, command, located

FILES = sorted(FOLDER.glob("table-*.md"))
REPORTS = sorted(FOLDER.glob("questions-*.md"))
PREDICTIONS = sorted(FOLDER.glob("prediction-*.md"))
TRIALS = sorted(FOLDER.glob("methods-*.md"))
BLOCK_FLOATS = sorted(FOLDER.glob("hbfp-*.md"))
NOISE = 0.0015
"""By how much another order of summation may move a number: in bits per byte, and as a share of larger ones."""
FLIPS = 0.35
"""Percent of accuracy: some images at the edge of two classes."""


def tables(text: str) -> dict[str, dict[str, list[str]]]:
    """Cells of every row by the title of its table and its pipeline."""
    found: dict[str, dict[str, list[str]]] = {}
    title = ""
    for line in text.splitlines():
        if heading := re.fullmatch(r"\*\*(.*?)( \(dense.*)?\*\*", line):
            title = heading[1]
        elif line.startswith("| ") and not line.startswith(("| pipeline", "| ---")):
            name, *cells = (cell.strip() for cell in line.strip("|").split("|"))
            found.setdefault(title, {})[name] = cells
    return found


def agree(mine: list[str], theirs: list[str], room: float) -> bool:
    """Equal words, numbers within ``room``; verdicts may change where a number is within it of its interval's end."""
    for a, b in zip(mine, theirs, strict=True):
        try:
            close = abs(float(a) - float(b)) <= room * max(1.0, abs(float(b)) if room == NOISE else 1.0)
        except ValueError:
            close = a == b or "unclear" in (a, b)
        if not close:
            return False
    return True


@nightly
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_sampled_row_is_computed_again(file: Path) -> None:
    """Of one cell of the grid both orders and their paired difference."""
    try:
        grid = grid_of(parser().parse_args(located(command(file))))
    except FileNotFoundError as absent:
        pytest.skip(str(absent))
    draw = random.Random(file.stat().st_size)
    cell, orders = draw.choice(grid.cells), (Order.sq, Order.qs)
    model = open_model(grid.name_of(cell))
    try:
        evaluations = Evaluations(model, grid.taken(samples_for(model)), workers=2)
    except MissingExtra as absent:
        pytest.skip(str(absent))
    q = cell.pair.format
    scores = evaluations.of_orders(cell.pair.mask, q, orders, q if cell.activations else IDENTITY)
    metric = METRICS[model.metrics[0]]
    difference = metric.difference(scores[Order.qs], scores[Order.sq])
    found = {column: metric.estimate(scores[order]).value for column, order in enumerate(orders, 2)}
    found |= {5: difference.value, 6: difference.standard_error}
    unit, room = (100, FLIPS) if metric is ACCURACY else (1, NOISE)
    [rows] = [
        rows
        for title, rows in tables(file.read_text(encoding="utf-8")).items()
        if ("activations" in title, "fine-tuned" in title, "ties" in title) == (cell.activations, cell.tuned, False)
    ]
    committed = [rows[cell.pair.spelled][column] for column in found]
    assert agree([str(unit * number) for number in found.values()], committed, room), (cell, found)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_difference_of_the_orders_is_printed_as_it_follows(file: Path) -> None:
    """Within what rounding to the last printed digit moves three numbers by."""
    compared = 0
    for title, rows in tables(file.read_text(encoding="utf-8")).items():
        for cells in rows.values() if "ties" not in title else ():
            sq, qs, difference = (float(cells[column]) for column in (2, 3, 5))
            digits = len(cells[5].partition(".")[2])
            assert abs(qs - sq - difference) < 1.6 * 10**-digits, (title, cells)
            compared += 1
    assert compared


def test_every_file_names_its_command_and_holds_its_whole_grid() -> None:
    single = {
        FOLDER / name for name in ("scaling.md", "README.md", "hbfp-training.svg", "intensities.md", "four-words.md")
    }
    assert FILES and {*FILES, *REPORTS, *PREDICTIONS, *BLOCK_FLOATS, *TRIALS, *single} == set(FOLDER.iterdir())
    for file in FILES:
        arguments = command(file)
        assert arguments[0] == "table"
        rows = tables(file.read_text(encoding="utf-8"))
        ties, one_shot, tuned = ([r for t, r in rows.items() if w in t] for w in ("ties", "one-shot on", "fine-tuned"))
        assert len(one_shot) == 2 and len(tuned) in (0, 2) and len(rows) == len(ties) + len(one_shot) + len(tuned)
        assert len({len(cells) for table in one_shot + tuned for cells in table.values()}) == 1
        assert len(ties) == 1 and ties[0].keys() < one_shot[0].keys()
        if not tuned:
            continue
        assert one_shot[0].keys() == one_shot[1].keys() > tuned[0].keys() == tuned[1].keys()


@thin(2)
@pytest.mark.parametrize("file", REPORTS, ids=lambda file: file.stem)
def test_reports_say_what_weights_and_model_say(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The counts of one section verbatim; every night of another a pipeline computed again."""
    asked, text = command(file), file.read_text(encoding="utf-8")
    assert main([*asked[:2], "--ask", "collisions", "--samples", "1"]) == 0
    section = capsys.readouterr().out.split("\n\n", 1)[1]
    assert section.strip() in text
    if not NIGHTLY:
        return
    model = open_model(asked[1])
    study = Study.of(model, samples_for(model), int(asked[asked.index("--samples") + 1]), 1, 1, None)
    found, sign = study.measured(nm(2, 4), hbfp(4)), 1 if METRICS[model.metrics[0]].up_is_worse else -1
    [row] = re.findall(r"^\| hbfp4 \| [\d.]+% \| ([-\d.]+) \| ([\d.]+) \|$", text, re.MULTILINE)
    assert [sign * found.value, found.standard_error] == pytest.approx([float(cell) for cell in row], abs=NOISE)


@thin(2)
@pytest.mark.parametrize("file", PREDICTIONS, ids=lambda file: file.stem)
def test_predictions_follow_from_their_sensitivities(file: Path) -> None:
    """Of one pipeline the gap is predicted again; every night it is measured, and of one layer every sensitivity."""
    asked, text, rng = command(file), file.read_text(encoding="utf-8"), random.Random(file.stat().st_size)
    options = dict(zip(asked[2::2], asked[3::2], strict=True))
    model = open_model(asked[1])
    count, calibration = (int(options[name]) for name in ("--samples", "--calibration"))
    study = Study.of(model, samples_for(model), count, calibration, 1, None)
    sections = dict(re.findall(r"^\*\*(.*?)\*\*\n\n(.*?)\n\n", text, re.MULTILINE | re.DOTALL))
    [grid], [slopes] = ([cells for title, cells in sections.items() if word in title] for word in ("Order gap", "unit"))
    rows, columns = by_first(grid), by_first(slopes)
    pipeline = rng.choice(sorted(set(rows) - {"pipeline"}))
    pattern = pipeline.split()[0]
    s, q = parse_as(Sparsifier, "mask", pattern), parse_as(Quantizer, "format", pipeline.split()[1])
    cells = dict(zip(rows["pipeline"], rows[pipeline], strict=True))
    if NIGHTLY:
        measured = study.measured(s, q)
        assert [measured.value, measured.standard_error] == pytest.approx(
            [float(cells["measured"]), float(cells["±"])], abs=NOISE
        )
    gaps, layer = study.gaps(s, q), rng.choice(model.linears)
    for around in Around:
        title = around.value if around is Around.dense else f"{pattern}: {around.value}"
        at = columns["layer"].index(title)
        slope = {each.name: float(columns[each.name][at]) for each in model.linears}
        if NIGHTLY:
            room = 0.02 * max(map(abs, slope.values()))
            found = study.sensitivities.of(layer, around, study.weights_at(around, s))
            assert found == pytest.approx(slope[layer.name], abs=room)
        for kind, each in (("gram", gaps.gram), ("law", gaps.law)):
            said = cells[f"{kind}, {around.value}"]
            assert (said == "–") == (each is None)
            if each is not None:
                assert weighed(each, slope) == pytest.approx(float(said), rel=2e-3, abs=2e-5)


def by_first(table: str) -> dict[str, list[str]]:
    """The other cells of every line of a table by its first."""
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    return {name: cells for name, *cells in lines}


def test_the_projection_follows_from_what_was_measured() -> None:
    """Every row of the last table from the numbers of the others, as they are printed."""
    text = (FOLDER / "scaling.md").read_text(encoding="utf-8")
    assert command(FOLDER / "scaling.md") == ["scaling", "--markdown"]
    start, slope = map(float, re.findall(r"takes ([\d.]+) ms \+ ([\d.]+) ns", text)[0])
    efficiency = float(re.findall(r"at (\d+)% of the speed", text)[0]) / 100
    rows = re.findall(r"^\| (8 B|70 B|1 T) \| (\d+) \| (\d+) \| ([\d.]+) (s|min|h) \|", text, re.MULTILINE)
    assert len(rows) == len(MODELS) * len(MACHINES)
    for name, machines, slots, value, unit in rows:
        [model] = [m for m in MODELS if m.name == name]
        work = (1e-3 * start * model.tensors + 1e-9 * slope * model.parameters) / efficiency
        longest = (1e-3 * start + 1e-9 * slope * model.largest) / efficiency
        reading = 2 * model.parameters / (int(machines) * 1e9)
        total = work / int(slots) + (1 - 1 / int(slots)) * longest + reading
        assert float(value) * {"s": 1, "min": 60, "h": 3600}[unit] == pytest.approx(total, rel=0.03)


def rows_of(text: str, question: str) -> dict[tuple[str, ...], list[str]]:
    """The rows of the table below a question, by the cells before the first number."""
    section = next(part for part in text.split("\n## ") if part.startswith(question))
    lines = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")][2:]
    return {tuple(line[:3]): line for line in lines}


def test_the_design_space_is_computed_again() -> None:
    """Sections without tensors verbatim; of the samples and of the zoo's weights a cell each, the zoo's every night."""
    text = (FOLDER / "hbfp-space.md").read_text(encoding="utf-8")
    for section in ("density", "operations"):
        assert SECTIONS[section]().markdown() in text
    draw = random.Random(len(text))
    name, boxes, bits = draw.choice(sorted(DISTRIBUTIONS)), draw.choice(BOXES), draw.choice(BITS)
    row = rows_of(text, "What do mantissa and block do to samples?")[name, str(boxes), str(bits)]
    found = cell(DISTRIBUTIONS[name](np.random.default_rng(0)), bits, boxes, np.random.default_rng(0))
    assert float(row[3].removesuffix(" dB")) == pytest.approx(found.sqnr, abs=0.0051)
    assert float(row[5]) == pytest.approx(found.first / found.half_steps, abs=0.0006)
    assert float(row[8].rstrip("%")) == pytest.approx(100 * found.gaps[0], abs=0.0051)
    assert len(rows_of(text, "What do mantissa and block do to the weights")) == 2 * len(BITS) * len(BOXES)
    if NIGHTLY:
        assert SECTIONS["tensors"]().table.markdown() in text


def test_differences_of_trainings_follow_from_their_means() -> None:
    """As they are printed; every night those in float32 again, within what another order of sums may do."""
    text = (FOLDER / "hbfp-training.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    means = {row[0]: row for row in rows if len(row) == 6 and row[0] not in ("training", "---")}
    assert list(means) == [training.name for training in TRAININGS]
    for name, row in means.items():
        if name != "FP32":
            assert float(row[3]) == pytest.approx(float(row[1]) - float(means["FP32"][1]), abs=0.0151)
    for name in ("HBFP6", "HBFP4", "Boosters"):
        [row] = [row for row in rows if len(row) == 5 and row[0] == name]
        assert row[1:3] == [means[f"{name}, 2:4 {order}"][1] for order in (Order.sq, Order.qs)]
        assert float(row[3]) == pytest.approx(float(row[2]) - float(row[1]), abs=0.0151)
    if NIGHTLY:
        images = labelled(*(zoo.data(name) for name in zoo.data_names()[:2]))
        found = [100 * train(fold(images, number), TRAININGS[0], Descent(), number).accuracy for number in range(FOLDS)]
        assert np.mean(found) == pytest.approx(float(means["FP32"][1]), abs=3 * float(means["FP32"][2]))


def test_another_number_is_seen() -> None:
    row = ["2.5", "1.0", "yes"]
    assert agree(row, ["2.5001", "1.0", "yes"], NOISE) and agree(row, ["2.5", "1.0", "unclear"], NOISE)
    assert not agree(row, ["2.51", "1.0", "yes"], NOISE) and not agree(row, ["2.5", "1.0", "no"], NOISE)


def trial_rows(text: str) -> list[list[str]]:
    """The cells of every line of every table of trials."""
    lines = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| ---")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


LATER = {"interplay", "lazy_neuron", "random"}
"""Methods that have come since the trials were run."""


def test_trials_have_a_line_for_every_method() -> None:
    tried = {row[0] for file in TRIALS for row in trial_rows(file.read_text(encoding="utf-8"))}
    acting = {method.name for method in ALL if method.prunes in (PrunedOperand.weights, PrunedOperand.activations)}
    assert TRIALS and acting - LATER < tried and not tried & LATER


@pytest.mark.parametrize("file", TRIALS, ids=lambda file: file.stem)
def test_differences_of_a_trial_follow_from_its_numbers(file: Path) -> None:
    """And every night the line of a method is computed again."""
    head, *rows = trial_rows(file.read_text(encoding="utf-8"))
    sq, qs, gap = (head.index(name) for name in (head[8], "Q→S", "Q→S − S→Q"))
    numbers = [row for row in rows if row[0] not in ("method", "not tried") and len(row) == len(head)]
    assert len(numbers) > 20
    for row in numbers:
        assert abs(float(row[qs]) - float(row[sq]) - float(row[gap])) < 1.6e-4, row
    if not NIGHTLY:
        return
    asked = command(file)
    model = open_model(asked[asked.index("--on") + 1])
    samples = samples_for(model).some(int(asked[asked.index("--samples") + 1]))
    dense, found = trials(model, samples, [find("wanda")], {}, "nm(2, 4)", ["int(4)"])
    [table, *_] = trial_tables("", "", dense, found, trial_metric(model))
    [again] = [row for row in table.rows if row[0] == "wanda"]
    [committed] = [row for row in numbers if row[0] == "wanda"][:1]
    assert agree(list(again[:-1]), committed[:-1], FLIPS / 100 if trial_metric(model) is ACCURACY else NOISE)
