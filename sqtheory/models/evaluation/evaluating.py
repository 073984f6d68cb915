"""A model over a set of samples, batch by batch, on one thread or several: the same scores to the last bit."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context

from sqtheory.models.architectures.linears import EXACT, Linears
from sqtheory.models.architectures.model import Model
from sqtheory.models.evaluation.data import Samples
from sqtheory.models.metrics import Scores


def evaluate(
    model: Model,
    samples: Samples,
    linears: Linears = EXACT,
    *,
    workers: int = 1,
    done: Callable[[int], None] = lambda count: None,
) -> Scores:
    """The scores of every sample; ``done`` is told how many samples each finished batch had.

    ``workers`` threads compute batches side by side, each with one thread of the matrix products' own.
    Raises NonFinite where logits or embeddings overflow.
    """
    starts = range(0, len(samples), model.batch)

    def one(start: int) -> Scores:
        some = slice(start, start + model.batch)
        return model.scored(samples.inputs[some], samples.targets[some], linears)

    parts = []
    with single_threaded_products(), ThreadPoolExecutor(workers) as pool:
        futures: list[Future[Scores]] = [pool.submit(copy_context().run, one, start) for start in starts]
        try:
            for future in futures:
                parts.append(future.result())
                done(len(parts[-1]))
        finally:
            for future in futures:
                future.cancel()
    return Scores.joined(parts)


@contextmanager
def single_threaded_products() -> Iterator[None]:
    """Matrix products on one thread each: threads of their own would fight with the workers over the same cores."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"):
        yield
