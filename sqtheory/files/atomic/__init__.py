"""Writing a file, a folder, or several of them together: whole or not at all, also where a process is killed."""

from sqtheory.files.atomic.abandoned import is_hidden, recover
from sqtheory.files.atomic.files import NewFile, about, check_folder, write
from sqtheory.files.atomic.together import Together, check_new, write_all

__all__ = [
    "NewFile",
    "Together",
    "about",
    "check_folder",
    "check_new",
    "is_hidden",
    "recover",
    "write",
    "write_all",
]
