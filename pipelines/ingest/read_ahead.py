"""The next part of a delivery is read while this one is conformed."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")


def one_ahead(items: Iterator[Item]) -> Iterator[Item]:
    """The same items in the same order; each is made in one thread while its last is used.

    What goes wrong while an item is made is raised where that item would have come.
    """
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="reader") as reader:
        coming = reader.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = reader.submit(next, items, None)
            yield item
