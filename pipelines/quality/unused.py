"""Importing a library without those of its own libraries that nothing here ever calls.

Great Expectations imports statistics and charts with it, for expectations that no table here has:
three of its seven seconds. Python's `LazyLoader` puts that off until somebody asks for an
attribute of them, which is then answered as ever. Knows no library by name.
"""

import importlib.util
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType


@contextmanager
def loaded_on_first_use(names: Collection[str]) -> Iterator[None]:
    """Within, modules of these full names are found, but run only once they are used."""

    class OnFirstUse(PathFinder):
        @classmethod
        def find_spec(
            cls,
            fullname: str,
            path: Sequence[str] | None = None,
            target: ModuleType | None = None,
        ) -> ModuleSpec | None:
            found = super().find_spec(fullname, path, target) if fullname in names else None
            if found is not None and found.loader is not None:
                found.loader = importlib.util.LazyLoader(found.loader)
            return found

    sys.meta_path.insert(0, OnFirstUse)
    try:
        yield
    finally:
        sys.meta_path.remove(OnFirstUse)
