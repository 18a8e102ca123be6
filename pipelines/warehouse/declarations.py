"""Where two files must agree: every declaration held against every other, each lack one sentence.

Used by `wendu check` and by the tests. Reads declarations and models as text; runs nothing.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from pipelines.contracts.city import load_city
from pipelines.contracts.dbt_sources import render
from pipelines.contracts.sources import load_contracts
from pipelines.quality import load_mart_promises
from pipelines.settings import DBT_PROJECT, DEPARTMENTS, POLICY, PROJECT, Home, WenduError
from pipelines.warehouse.city_numbers import missing_numbers, unread_by_area
from pipelines.warehouse.city_project import rows_of
from pipelines.warehouse.policy_form import misfits

COMPARISONS = {"=", "<>", "<", "<=", ">", ">=", "in"}
LANES = {"support", "review", "process", "payment"}
LEVELS = ("emergency", "red", "orange", "yellow")
TEXTS = {
    "concept": {"civil_affairs", "relapse_watch"},
    "active_category": {"tekun", "dibao", "dibao_marginal", "rigid_expenditure", "none"},
    "disability_level": {"1", "2", "3", "4"},
}
"""What a metric that is a text may say; another word would never be found."""

ANSWERS = ("death", "helped")
ERRORS = {"exclusion", "leakage", "by_amount", "none"}
RULE = re.compile(r"[A-Z]\d{2}[A-Z]?")
"""How rules are numbered; gate 2 lets no alert of another one out (`fct_alerts.yml`)."""

NUMBER = re.compile(r"-?\d{1,10}(\.\d{1,4})?", re.ASCII)
"""How a number is written that a metric is compared with."""

MODELS = DBT_PROJECT / "models"
LISTS = PROJECT / "pipelines" / "outreach"
WORDS = PROJECT / "pipelines" / "reporting" / "names.csv"


def disagreements(city_code: str, home: Home) -> list[str]:
    """Everything that does not agree, one sentence each; an empty list is what one wants.

    Args:
        city_code: the city whose folder is checked too.
        home: may hold its own `cities/`.
    """
    checks: list[Callable[[], Iterator[str]]] = [
        source_file_follows_contracts,
        every_table_has_its_staging_model,
        every_rule_has_its_model_and_back,
        *RULES_IN_ROWS,
        rules_need_declared_tables,
        every_mart_has_its_promise_and_back,
        every_parameter_used_is_set_and_back,
        parameters_of_areas_are_read,
        lambda: city_names_declared_things(city_code, home),
        lambda: iter(missing_numbers(load_city(city_code, home))),
    ]
    if unreadable := list(misfits((DBT_PROJECT / POLICY).parent)):
        return unreadable
    found: list[str] = []
    for check in checks:
        try:
            found += check()
        except WenduError as fault:
            found.append(str(fault))
    return list(dict.fromkeys(found))


def source_file_follows_contracts() -> Iterator[str]:
    """The sources dbt knows are made from the declarations."""
    path = MODELS / "staging" / "sources.yml"
    if path.read_text(encoding="utf-8") != render():
        yield f"{path} does not follow from expectations/sources; write it anew from there."


def every_table_has_its_staging_model() -> Iterator[str]:
    """One staging model per declared table."""
    for department, table in load_contracts():
        path = MODELS / "staging" / department / f"stg_{department}__{table}.sql"
        if not path.exists():
            yield f"{department}/{table} is declared, but {path} is missing."


def every_rule_has_its_model_and_back() -> Iterator[str]:
    """A row in rules.csv and a model in 4_rules for every rule."""
    declared = {row["rule_id"]: row["name_en"] for row in policy_rows("rules")}
    modelled = {
        match[1].upper(): match[2]
        for path in (MODELS / "intermediate" / "4_rules").glob("int_rules__*.sql")
        if (match := re.fullmatch(r"int_rules__(r\d+[a-z]?)_(\w+)", path.stem))
    }
    stated = {row["rule_id"] for row in policy_rows("rule_conditions")}
    for rule in sorted(declared.keys() - modelled.keys() - stated):
        yield (
            f"{rule} stands in rules.csv, but neither a model int_rules__{rule.lower()}_… nor rows "
            "of rule_conditions.csv judge it."
        )
    for rule in sorted(stated & modelled.keys()):
        yield f"{rule} has rows in rule_conditions.csv and a model of its own; keep one."
    for rule in sorted(stated - declared.keys()):
        yield f"rule_conditions.csv states {rule}, which has no row in rules.csv."
    for rule in sorted(modelled.keys() - declared.keys()):
        yield f"int_rules__{rule.lower()}_{modelled[rule]} has no row in rules.csv."


def every_rule_is_numbered_and_answered() -> Iterator[str]:
    """Every rule has a number as the others, and says what clears it and which error it means."""
    rules = {row["rule_id"]: None for row in policy_rows("rules")}
    answers = {row["rule_id"]: row for row in policy_rows("rule_answers")}
    families = {row["name"] for row in rows_of(WORDS) if row["kind"] == "rule_family"}
    for rule in rules:
        if not RULE.fullmatch(rule):
            yield f"rules.csv: {rule} is no number of a rule; write a letter and two digits (X01)."
    for rule in sorted(rules.keys() - answers.keys()):
        yield f"rule_answers.csv does not say which error {rule} speaks of and what would clear it."
    for rule, row in answers.items():
        if rule not in rules:
            yield f"rule_answers.csv answers {rule}, which has no row in rules.csv."
        if row["error"] not in ERRORS:
            yield f"rule_answers.csv, {rule}: the error must be one of {', '.join(sorted(ERRORS))}."
        if row["family"] not in families:
            yield f"rule_answers.csv, {rule}: {WORDS.name} has no words for {row['family']}."


def conditions_name_known_things() -> Iterator[str]:
    """Every condition compares a known metric of its rule's unit in a known way, and is worded."""
    units = {row["rule_id"]: row["unit"] for row in policy_rows("rules")}
    metrics = {(row["unit"], row["metric"]) for row in policy_rows("rule_metrics")}
    parameters = {row["name"] for row in policy_rows("parameters")}
    wordings = {row["rule_id"]: row for row in policy_rows("rule_wordings")}
    conditions = policy_rows("rule_conditions")
    for row in conditions:
        rule, unit = row["rule_id"], units.get(row["rule_id"], "")
        where = f"rule_conditions.csv, {rule} ground {row['ground']}:"
        if (unit, row["metric"]) not in metrics:
            yield f"{where} rule_metrics.csv knows no metric {row['metric']} of a {unit}."
        if row["comparison"] not in COMPARISONS:
            yield f"{where} there is no comparison {row['comparison']}."
        if row["level"] not in LEVELS:
            yield f"{where} there is no level {row['level']}."
        if not re.fullmatch(r"[1-9]\d*", row["ground"]):
            yield f"{where} a ground is a number from 1 on."
        name = row["value"].removeprefix("parameter ")
        if name != row["value"] and name not in parameters:
            yield f"{where} parameters.csv does not set {name}."
    for rule in sorted({row["rule_id"] for row in conditions} - wordings.keys()):
        yield f"rule_wordings.csv has no wording for {rule}."
    for rule, row in wordings.items():
        for name in re.findall(r"{(\w*)}", row["reason_zh"] + row["reason_en"]):
            if (units.get(rule, ""), name) not in metrics:
                yield f"rule_wordings.csv, {rule}: there is no metric {name}."


def rules_can_be_judged() -> Iterator[str]:
    """What of the rows of rules would fail a day, or never find what was meant, with its line."""
    rules = {row["rule_id"]: row for row in policy_rows("rules")}
    for line, row in enumerate(policy_rows("rules"), start=2):
        where = f"rules.csv, line {line}, {row['rule_id']}:"
        if row["lane"] not in LANES:
            yield f"{where} the lane must be one of {', '.join(sorted(LANES))}."
        if row["highest_level"] not in LEVELS:
            yield f"{where} the highest_level must be one of {', '.join(LEVELS)}."
        if not row["effective_from"]:
            yield f"{where} since when it is in force (effective_from, as 2023-01-01) is missing."
    yield from _conditions_that_compare_nothing("rule_conditions", rules)
    yield from _conditions_that_compare_nothing("rule_inhibitions", rules)
    yield from _levels_that_differ()
    for line, row in enumerate(policy_rows("rule_wordings"), start=2):
        for column in ("reason_zh", "reason_en"):
            if re.search(r"[{}]", re.sub(r"{\w+}", "", row[column])):
                yield (
                    f"rule_wordings.csv, line {line}, {row['rule_id']}: a brace of {column} is "
                    "open; a metric stands between two, as {members}."
                )


def _conditions_that_compare_nothing(
    table: str, rules: Mapping[str, Mapping[str, str]]
) -> Iterator[str]:
    """Values that are none of their metric's kind, and comparisons that its kind does not know."""
    kinds = {(row["unit"], row["metric"]): row["kind"] for row in policy_rows("rule_metrics")}
    for line, row in enumerate(policy_rows(table), start=2):
        metric, value, comparison = row["metric"], row["value"], row["comparison"]
        where = f"{table}.csv, line {line}, {row['rule_id']}:"
        kind = kinds.get((rules.get(row["rule_id"], {}).get("unit", ""), metric))
        if kind == "flag":
            if value not in ("true", "false") or comparison not in ("=", "<>"):
                yield f"{where} {metric} is = or <> true or false, not {comparison} {value}."
        elif kind == "text":
            said = set(value.split("|") if comparison == "in" else [value])
            if comparison not in ("=", "<>", "in") or not said <= TEXTS.get(metric, said):
                told = ", ".join(sorted(TEXTS.get(metric, {"a text"})))
                yield (
                    f"{where} {metric} is =, <> or in (parted by |) {told}, not {comparison} "
                    f"{value}."
                )
        elif kind and comparison == "in":
            yield f"{where} {metric} is a number; compare it with =, <>, <, <=, > or >=."
        elif kind and not value.startswith("parameter ") and not NUMBER.fullmatch(value):
            yield (
                f"{where} {metric} is compared with a number, as 1000 or 0.5, or with a parameter, "
                f"as `parameter r33_rigid_spending_ratio`, not with {value!r}."
            )


def _levels_that_differ() -> Iterator[str]:
    """Grounds with more than one level."""
    grounds: dict[tuple[str, str], str] = {}
    for line, row in enumerate(policy_rows("rule_conditions"), start=2):
        ground, level = (row["rule_id"], row["ground"]), row["level"]
        if grounds.setdefault(ground, level) != level:
            yield (
                f"rule_conditions.csv, line {line}, {' ground '.join(ground)}: another row of this "
                "ground has another level; a ground has one."
            )


def inhibitions_name_known_things() -> Iterator[str]:
    """Every inhibition is of a rule of conditions, by a known word and a known metric."""
    units = {row["rule_id"]: row["unit"] for row in policy_rows("rules")}
    stated = {row["rule_id"] for row in policy_rows("rule_conditions")}
    metrics = {(row["unit"], row["metric"]) for row in policy_rows("rule_metrics")}
    for row in policy_rows("rule_inhibitions"):
        rule, metric, where = row["rule_id"], row["metric"], "rule_inhibitions.csv,"
        if rule not in stated:
            yield f"{where} {rule}: rule_conditions.csv does not state this rule."
        elif (units.get(rule, ""), metric) not in metrics:
            yield f"{where} {rule}: rule_metrics.csv knows no metric {metric} of its unit."
        if row["inhibited_by"] not in ANSWERS:
            yield f"{where} {rule}: an alert is inhibited by {' or '.join(ANSWERS)}."
        if row["comparison"] not in COMPARISONS:
            yield f"{where} {rule}: there is no comparison {row['comparison']}."


RULES_IN_ROWS = (
    every_rule_is_numbered_and_answered,
    conditions_name_known_things,
    rules_can_be_judged,
    inhibitions_name_known_things,
)
"""What is looked at before anything is judged: a rule that fails, or cannot be told of, fails the
day of every other."""


def wrong_rules() -> list[str]:
    """What is wrong with the rows of rules, one sentence each."""
    return [sentence for look in RULES_IN_ROWS for sentence in look()]


def rules_need_declared_tables() -> Iterator[str]:
    """Every rule says which tables it needs, and they exist."""
    tables = set(load_contracts())
    needs = policy_rows("rule_sources")
    for row in needs:
        if (row["department"], row["table_name"]) not in tables:
            yield (
                f"rule_sources.csv: {row['rule_id']} needs {row['department']}/"
                f"{row['table_name']}, which is not declared."
            )
    for rule in sorted(
        {row["rule_id"] for row in policy_rows("rules")} - {row["rule_id"] for row in needs}
    ):
        yield f"rule_sources.csv does not say which tables {rule} needs."


def every_mart_has_its_promise_and_back() -> Iterator[str]:
    """A model in marts and a file in expectations/marts for every mart."""
    marts = {path.stem for path in (MODELS / "marts").rglob("*.sql")}
    promised = set(load_mart_promises())
    for mart in sorted(marts - promised):
        yield f"The mart {mart} promises nothing: expectations/marts/{mart}.yml is missing."
    for mart in sorted(promised - marts):
        yield f"expectations/marts/{mart}.yml promises a mart that no model makes."


def every_parameter_used_is_set_and_back() -> Iterator[str]:
    """A row in parameters.csv for every parameter named, and none that nobody reads.

    The lists and the bulletin read numbers of their own: how many lines a day, what is near due.
    """
    texts = [path.read_text(encoding="utf-8") for path in DBT_PROJECT.rglob("*.sql")]
    used = {name for text in texts for name in re.findall(r"parameter\(\s*['\"](\w+)['\"]", text)}
    for text in texts:
        for names in re.findall(r"parameters_of_day\(\[([^\]]*)\]", text):
            used |= set(re.findall(r"\"(\w+)\"", names))
    used |= {
        row["value"].removeprefix("parameter ")
        for row in policy_rows("rule_conditions")
        if row["value"].startswith("parameter ")
    }
    used |= {row["cool_down_parameter"] for row in policy_rows("outcomes")} - {""}
    for page in (PROJECT / "pipelines" / "reporting").glob("*.py"):
        text = page.read_text(encoding="utf-8")
        used |= set(re.findall(r"parameter_in_force\(\s*\"(\w+)\"", text))
    programs = [path.read_text(encoding="utf-8") for path in LISTS.glob("*.py")]
    quoted = {name for text in [*texts, *programs] for name in re.findall(r"['\"](\w+)['\"]", text)}
    known = {row["name"] for row in policy_rows("parameters")}
    for name in sorted(used - known):
        yield f"A model or page reads the parameter {name}, which parameters.csv does not set."
    for name in sorted(known - used - quoted):
        yield f"parameters.csv sets {name}, which no model, page or list reads."


def parameters_of_areas_are_read() -> Iterator[str]:
    """A number that is read for a whole city is given for a whole city."""
    for line, row in enumerate(policy_rows("parameters"), start=2):
        yield from unread_by_area(f"parameters.csv, line {line}, {row['name']}", row)


def city_names_declared_things(city_code: str, home: Home) -> Iterator[str]:
    """A city's folder renames only declared tables and columns, of known departments."""
    contracts = load_contracts()
    city = load_city(city_code, home)
    for name in sorted(set(DEPARTMENTS) - set(city.departments)):
        yield f"city {city_code}: nothing says how the department {name} delivers."
    for name, department in city.departments.items():
        for table in {*department.tables, *department.columns}:
            if (name, table) not in contracts:
                yield f"city {city_code}: {name} has no table {table}."
        for table, columns in department.columns.items():
            declared = contracts[name, table].columns if (name, table) in contracts else {}
            for column in sorted(set(columns) - set(declared)):
                yield f"city {city_code}: {name}/{table} has no column {column}."


def policy_rows(name: str) -> list[dict[str, str]]:
    """The rows of one policy file, as text."""
    return rows_of(DBT_PROJECT / POLICY / f"{name}.csv")
