"""Stands in for dbt's `adapter` while SQL style is checked: every dispatched macro becomes a query.

Used by sqlfluff alone (see `library_path` in pyproject.toml); dbt never loads it.
"""

from collections.abc import Callable

NO_VALUE = ("read_anew",)
"""Macros that stand where neither a value nor a relation may; a query is whole without."""


def dispatch(macro_name: str, *_packages: str) -> Callable[..., str]:
    """A macro that renders to something valid wherever a value or a relation may stand."""
    text = "" if macro_name in NO_VALUE else "(select 1 as month_on)"
    return lambda *_arguments, **_named: text
