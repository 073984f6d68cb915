"""What the files of a written checkpoint hold besides entries of tensors."""

from collections.abc import Collection

from sqtheory.compress.files import Folder
from sqtheory.compress.layout import ITSELF, Layout
from sqtheory.compress.onnx_codes import OnnxCodesCheckpoint
from sqtheory.files.checkpoints import SafetensorsCheckpoint
from sqtheory.files.checkpoints.gguf import GgufCheckpoint
from sqtheory.files.checkpoints.npz import NpyCheckpoint, NpzCheckpoint
from sqtheory.files.checkpoints.onnx import OnnxCheckpoint
from sqtheory.files.checkpoints.tensors import refused
from sqtheory.files.digests import digest, sha256
from sqtheory.files.packing import ModuleCheckpoint, PackedCheckpoint
from sqtheory.files.packing.modules import MODEL
from sqtheory.files.views.architecture import CONFIG


def headers_of(written: Layout, targets: Collection[str]) -> dict[str, str]:
    """SHA-256 of each file without the entries of its tensors, as ``Layout.headers`` gives them before it is written.

    Raises CheckpointError for a file that cannot be read, or of which some byte is neither an entry nor in a hash.
    """
    if isinstance(written, Folder):
        index = {} if written.index is None else {written.index.name: digest(written.index)}
        return {name: sha256([shard.front()]) for name, shard in written.shards.items()} | index
    match written.source:
        case ModuleCheckpoint() as folder:
            return {MODEL: sha256([folder.file.front()]), CONFIG: digest(written.out / CONFIG)}
        case PackedCheckpoint(file=file) | (SafetensorsCheckpoint() as file):
            return {ITSELF: sha256([file.front()])}
        case GgufCheckpoint() as blocks:
            return {ITSELF: sha256(blocks.structure())}
        case NpzCheckpoint() as archive:
            archive.check_structure()
            return {ITSELF: sha256([archive.structure()])}
        case NpyCheckpoint() as single:
            return {ITSELF: sha256([single.structure()])}
        case OnnxCodesCheckpoint(model=model):
            if digest(model.path) != sha256([model.coded({})]):
                raise refused(model.path, "it is not written as apply writes a model")
            return {ITSELF: sha256([model.without(targets)])}
        case OnnxCheckpoint() as model:
            data = next((file.name for file in model.external), "")
            if digest(model.path) != sha256([model.rewritten({}, data)]):
                raise refused(model.path, "it is not written as apply writes a model")
            for path in model.external:
                model.outside.check(path)
            held = {info.name for info in model.tensors}
            return {ITSELF: sha256([model.rewritten({name: b"" for name in targets if name in held}, data)])}
    raise TypeError(f"{type(written.source).__name__} is never written")
