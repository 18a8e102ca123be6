"""Large tables are written while lists and bulletin are: none of those may read them."""

import pytest

from pipelines.defs.one_day import UNREAD
from pipelines.settings import PROJECT

PEOPLE_READ = [
    *sorted((PROJECT / "pipelines" / "outreach").rglob("*.py")),
    *sorted((PROJECT / "pipelines" / "reporting").glob("bulletin*")),
    PROJECT / "pipelines" / "defs" / "corrections.py",
]


@pytest.mark.parametrize("mart", UNREAD)
def test_nothing_that_people_read_names_a_table_still_being_written(mart: str) -> None:
    assert [file.name for file in PEOPLE_READ if mart in file.read_text(encoding="utf-8")] == []
