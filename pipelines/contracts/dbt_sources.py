"""What dbt calls its sources, written from the declarations: `models/staging/sources.yml`.

Belongs here: rendering that one file. Does not belong here: staging models, or anything that
reads a delivery. Write it anew with `python -m pipelines.contracts.dbt_sources`.
"""

from pathlib import Path
from typing import Any

import yaml

from pipelines.contracts.sources import PEOPLE_SCHEMA, Contract, load_contracts
from pipelines.settings import DBT_PROJECT, DEPARTMENTS, EXPECTATIONS

SOURCES_FILE = DBT_PROJECT / "models" / "staging" / "sources.yml"

HEADER = (
    "# Written from expectations/sources/ by `python -m pipelines.contracts.dbt_sources`; a test\n"
    "# compares the two. Change the declaration, not this file.\n"
)

TECHNICAL_DESCRIPTIONS = {
    "received_on": "Date on which the row was received.",
    "change": "upsert, or remove: then only key and technical columns are set.",
    "supersedes": "An earlier row of this key exists.",
    "is_stale": "The newest delivery refused the row of this key; the last accepted one stands.",
}

PEOPLE_DESCRIPTIONS = {
    "person_key": "Pseudonym of the person.",
    "birth_on": "Date of birth as the number says.",
    "sex": "M or F as the number says.",
    "received_on": "Date on which rows about the person were received.",
}

CONTROL_TABLES = {
    "run": "The city that is judged.",
    "calendar": "Days with the official working days counted.",
    "deliveries": "Delivered tables with their row accounting.",
    "rejections": "Refused rows and values: where and why, never the value.",
    "refused_rows": "Refused rows that are not mended: whom they name, never what they say.",
    "freshness": "What was expected of every department table and what came.",
    "household_order": "How the households of registers follow each other by their own numbers.",
    "alerts": "Alerts as they stood at the end of the run day before.",
    "alert_events": "Events of alerts on earlier days.",
    "alert_balance": "Balance of open alerts on earlier days, by county.",
    "both_errors": "Clues to exclusion and to leakage on earlier days, by county and rule family.",
    "kept_codes": "Codes alerts had when the vault's key was last changed.",
    "openings": "New alerts on earlier days, by rule and county.",
    "releases": "Holds that somebody has signed for.",
    "handed_over": "Alerts that went out on delivered lists.",
    "evaluations": "Which rules were evaluated on earlier days.",
    "audit_sample": "The audit sample as it stood on earlier days.",
    "outcomes": "Outcomes of visits, as accepted from replies.",
}


def render(folder: Path = EXPECTATIONS) -> str:
    """The text of `models/staging/sources.yml` as the declarations of a folder want it."""
    contracts = load_contracts(folder)
    tables = [_table(contract) for contract in contracts.values()]
    people = [_people(department) for department in DEPARTMENTS]
    declared = {
        "version": 2,
        "sources": [
            {
                "name": "lake",
                "schema": "lake",
                "description": "Accepted rows of the departments as a log of changes.",
                "tables": tables + people,
            },
            {
                "name": "control",
                "schema": "control",
                "description": "What the run itself knows: its day, deliveries, earlier findings.",
                "tables": [
                    {"name": name, "description": description}
                    for name, description in CONTROL_TABLES.items()
                ],
            },
        ],
    }
    body = yaml.safe_dump(declared, allow_unicode=True, sort_keys=False, width=100)
    return HEADER + body


def write(path: Path = SOURCES_FILE) -> None:
    """Write the file that `render` describes."""
    path.write_text(render(), encoding="utf-8")


def _table(contract: Contract) -> dict[str, Any]:
    return {
        "name": f"{contract.department}__{contract.table}",
        "description": f"{contract.title.zh} {contract.title.en}, {contract.mode}.",
        "columns": [
            {"name": column, "description": _description(contract, column)}
            for column in contract.lake_schema
        ],
    }


def _description(contract: Contract, lake_column: str) -> str:
    if lake_column in TECHNICAL_DESCRIPTIONS:
        return TECHNICAL_DESCRIPTIONS[lake_column]
    names = {lake: name for name, lake in contract.lake_columns.items()}
    if lake_column not in names:
        return "Pseudonym of the person named by the first 18 characters."
    column = contract.columns[names[lake_column]]
    kept = f"{column.kind}, as a keyed hash" if column.is_pseudonymised else column.kind
    codes = column.codes if isinstance(column.codes, dict) else {}
    listed = ", ".join(f"{code} {label}" for code, label in codes.items())
    return f"{column.zh} ({kept}{': ' + listed if listed and len(codes) <= 10 else ''})"


def _people(department: str) -> dict[str, Any]:
    return {
        "name": f"{department}__people",
        "description": "What the numbers in the department's rows say of their bearers.",
        "columns": [
            {"name": column, "description": PEOPLE_DESCRIPTIONS[column]} for column in PEOPLE_SCHEMA
        ],
    }


if __name__ == "__main__":
    write()
