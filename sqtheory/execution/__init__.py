"""Sweeps over the tensors of a checkpoint: on one core, many cores, many machines; resumed, shared, always the same."""

from sqtheory.execution.assignment import Assignment, Bound, Spelled
from sqtheory.execution.sweeping import Sweep, sweep
from sqtheory.execution.workers import Dask, Mpi, Processes, Threads, Workers

__all__ = ["Assignment", "Bound", "Dask", "Mpi", "Processes", "Spelled", "Sweep", "Threads", "Workers", "sweep"]
