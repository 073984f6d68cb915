"""The public names that are loaded one by one, when they are asked for."""


def called(name: str) -> object:
    """What is public under a name of ``sqtheory.LATER``. Raises AttributeError for others."""
    if name == "apply":
        from sqtheory.api.apply import apply

        return apply
    if name == "inspect":
        from sqtheory.api.inspect import inspect

        return inspect
    if name == "order":
        from sqtheory.api.order import order

        return order
    if name == "predict":
        from sqtheory.api.predict import predict

        return predict
    if name == "report":
        from sqtheory.api.report import report

        return report
    if name == "verify":
        from sqtheory.api.verify import verify

        return verify
    return _loaded(name)


def _loaded(name: str) -> object:
    if name == "theorems":
        from sqtheory.theory import theorems

        return theorems
    if name == "decide":
        from sqtheory.theory.decide import decide

        return decide
    if name == "Case":
        from sqtheory.theory.case import Case

        return Case
    if name == "open_checkpoint":
        from sqtheory.files.checkpoints import open_checkpoint

        return open_checkpoint
    raise AttributeError(f"module 'sqtheory' has no attribute {name!r}")
