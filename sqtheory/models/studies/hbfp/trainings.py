"""The training runs that are compared."""

from sqtheory.alphabet.sparsifiers import nm
from sqtheory.models.studies.hbfp.arithmetic import Conversion
from sqtheory.models.studies.hbfp.schedule import Schedule
from sqtheory.models.studies.hbfp.training import Training
from sqtheory.orders.applied import Order

BOOSTED = Schedule(4, boosted=6, epochs=1, edges=True)
"""Accuracy Boosters: 4 bits, 6 in the last epoch and in the first and last layer (`harma2022accuracy`, abstract)."""
FULL = Training("FP32", Schedule(None))
DENSE = (
    FULL,
    Training("HBFP8", Schedule(8)),
    Training("HBFP6", Schedule(6)),
    Training("HBFP4", Schedule(4)),
    Training("HBFP4, 6 in the last epoch", Schedule(4, boosted=6, epochs=1)),
    Training("HBFP4, 6 in the edge layers", Schedule(4, boosted=6, edges=True)),
    Training("HBFP4, 6 in both (Boosters)", BOOSTED),
    Training("HBFP4, stochastic", Schedule(4), random=True),
    Training("HBFP4, converted once", Schedule(4), conversion=Conversion.tensor),
)
SPARSE = (
    Training("FP32, 2:4", Schedule(None), nm(2, 4)),
    *(
        Training(f"{name}, 2:4 {order}", schedule, nm(2, 4), order)
        for name, schedule in (("HBFP6", Schedule(6)), ("HBFP4", Schedule(4)), ("Boosters", BOOSTED))
        for order in (Order.sq, Order.qs)
    ),
)
TRAININGS = (*DENSE, *SPARSE)
"""In the order of the table; every one is compared with FP32 on the same fold and from the same start."""
