"""The notebook of the worked questions: it compiles anywhere, and runs where marimo is."""

import os
import re
import subprocess
import sys

import pytest

from pipelines.reporting.questions import load_questions
from pipelines.settings import DBT_PROJECT, PROJECT

NOTEBOOK = DBT_PROJECT / "analyses" / "notebook" / "worked_questions.py"


def test_the_notebook_compiles_and_names_existing_questions_alone():
    text = NOTEBOOK.read_text(encoding="utf-8")
    compile(text, str(NOTEBOOK), "exec")
    named = {int(number) for number in re.findall(r"\b(?:ask|head)\((\d+)\)", text)}
    assert named
    assert named <= {one.number for one in load_questions()}


def test_the_notebook_runs_on_the_published_warehouse(world):
    pytest.importorskip("marimo", reason="marimo is an extra: pip install wendu[analysts]")
    ran = subprocess.run(
        [sys.executable, str(NOTEBOOK)],
        env=os.environ | {"WENDU_HOME": str(world.home.root), "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
