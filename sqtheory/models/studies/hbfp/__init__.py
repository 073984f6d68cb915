"""Block floating point (HBFP) and Accuracy Boosters: design space, silicon, share of operations, training."""

from sqtheory.models.studies.hbfp.answers import SECTIONS
from sqtheory.models.studies.hbfp.comparison import Comparison, accuracies, orders
from sqtheory.models.studies.hbfp.recipes import RECIPES
from sqtheory.models.studies.hbfp.training import Descent, Recipe, Run, train

__all__ = ["RECIPES", "SECTIONS", "Comparison", "Descent", "Recipe", "Run", "accuracies", "orders", "train"]
