"""Accuracy through the epochs of trainings in block floating point, and what is left of it at the end."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sqtheory.models.studies.hbfp import Run, Training
from sqtheory.models.studies.hbfp.cross_validation import spread
from sqtheory.models.studies.hbfp.trainings import DENSE
from sqtheory.show.figures.style import DASHES, MARKERS, PALETTE, Style

CURVES = (*DENSE[:5], DENSE[6])
"""The trainings that are drawn through the epochs, where they were made."""


def draw(runs: Mapping[Training, Sequence[Run]], style: Style) -> Figure:
    """Left the mean accuracy after every epoch, right that of the last, every run a dot; bars are ± the spread."""
    with rc_context(style.rc):
        figure, [curves, ends] = style.grid(2, 3 + 1.9 * max(12, len(runs)))
        _through_epochs(curves, {training: each for training, each in runs.items() if training in CURVES}, style)
        _at_the_end(ends, runs)
        figure.legend(loc="outside lower left", ncols=3, columnspacing=1.2)
    return figure


def _through_epochs(ax: Axes, runs: Mapping[Training, Sequence[Run]], style: Style) -> None:
    for j, (training, each) in enumerate(runs.items()):
        means = 100 * np.mean([run.accuracies for run in each], axis=0)
        [line] = ax.plot(range(1, len(means) + 1), means, DASHES[j % len(DASHES)], label=training.name)
        line.set(color=PALETTE[j % len(PALETTE)], marker=MARKERS[j % len(MARKERS)], markersize=style.type / 2.2)
    ax.set(xlabel="epoch", ylabel="accuracy on images held out (%)")
    ax.set_title("Mean over folds")


def _at_the_end(ax: Axes, runs: Mapping[Training, Sequence[Run]]) -> None:
    for place, each in enumerate(runs.values()):
        values = [100 * run.accuracy for run in each]
        ax.errorbar(np.mean(values), place, xerr=spread(values), color=PALETTE[0], marker="|", capsize=2)
        ax.plot(values, [place] * len(values), ".", color="0.5", markersize=3)
    ax.set_yticks(range(len(runs)), [training.name for training in runs])
    ax.invert_yaxis()
    ax.set(xlabel="accuracy after the last epoch (%)")
    ax.set_title("Every fold, mean and spread")
