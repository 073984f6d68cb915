"""Block floating point (HBFP) and Accuracy Boosters: design space, silicon, share of operations, training."""

from sqtheory.models.studies.hbfp.answers import SECTIONS
from sqtheory.models.studies.hbfp.cross_validation import CrossValidation, accuracies, orders
from sqtheory.models.studies.hbfp.training import Descent, Run, Training, train
from sqtheory.models.studies.hbfp.trainings import TRAININGS

__all__ = ["SECTIONS", "TRAININGS", "CrossValidation", "Descent", "Run", "Training", "accuracies", "orders", "train"]
