"""Declarations written as YAML: read as they look, and refused in one sentence."""

from pathlib import Path

import pytest

from pipelines.contracts.city import load_city
from pipelines.contracts.yaml_files import read_yaml
from pipelines.settings import Home, UsageError

CITY = """\
code: "371599"
name: {en: Nowhere, zh: 无处市}
departments:
  agriculture:
    form: api
    url: http://127.0.0.1/{table}
    interface: {on: date, paging: page}
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def write_city(home: Home, text: str) -> None:
    folder = home.root / "cities" / "371599"
    folder.mkdir(parents=True)
    (folder / "city.yml").write_text(text, encoding="utf-8")


def refusal(home: Home, text: str) -> str:
    write_city(home, text)
    with pytest.raises(UsageError) as fault:
        load_city("371599", home)
    return str(fault.value)


def test_a_parameter_called_on_is_a_name_as_the_declaration_calls_it(home: Home) -> None:
    write_city(home, CITY)
    assert load_city("371599", home).connection("agriculture").interface.on == "date"


@pytest.mark.parametrize("word", ["on", "off", "yes", "no", "y", "N"])
def test_only_true_and_false_are_no_texts(word: str) -> None:
    assert read_yaml(f"{word}: {word}\nsaid: true") == {word: word, "said": True}


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("paging: sideways", "departments.agriculture.interface.paging: Input should be"),
        ("pagign: page", "departments.agriculture.interface.pagign: Extra inputs"),
    ],
)
def test_what_is_wrong_with_a_city_is_told_in_one_line_with_its_place(
    home: Home, wrong: str, told: str
) -> None:
    sentence = refusal(home, CITY.replace("paging: page", wrong))
    assert told in sentence
    assert "\n" not in sentence
    assert "http" not in sentence


def test_a_text_that_is_no_yaml_is_told_with_its_line(home: Home) -> None:
    assert "line 2: " in refusal(home, CITY.replace("name: {en", "name: {{en: ["))
