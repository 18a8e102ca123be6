"""Stands in for dbt's `adapter` while SQL style is checked: every dispatched macro becomes a query.

Used by sqlfluff alone (see `library_path` in pyproject.toml); dbt never loads it.
"""

from collections.abc import Callable


def dispatch(macro_name: str, *_packages: str) -> Callable[..., str]:
    """A macro that renders to something valid wherever a value or a relation may stand."""
    return lambda *_arguments, **_named: "(select 1 as month_on)"
