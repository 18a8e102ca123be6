"""Declarations written as YAML: how they are read, and what is wrong with one in a sentence.

Does not belong here: what a declaration must hold (`sources`, `city`, the promises of marts).
"""

import re
from typing import Any

import yaml
from pydantic import ValidationError

BOOLEAN = "tag:yaml.org,2002:bool"


class PlainSafeLoader(yaml.CSafeLoader):
    """YAML 1.2's two words for yes and no: in 1.1 a key `on`, `no` or `y` is no text either."""


PlainSafeLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != BOOLEAN]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}
PlainSafeLoader.add_implicit_resolver(
    BOOLEAN, re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), "tTfF"
)


def read_yaml(text: str) -> Any:
    """What a text of YAML says.

    Raises:
        yaml.YAMLError: it is none.
    """
    return yaml.load(text, PlainSafeLoader)


def what_is_wrong(fault: Exception) -> str:
    """What is wrong with a declaration, in one line: where it stands, and why; never its value."""
    if isinstance(fault, ValidationError):
        return "; ".join(
            ": ".join(filter(None, [".".join(map(str, error["loc"])), error["msg"]]))
            for error in fault.errors(include_input=False, include_context=False, include_url=False)
        )
    if isinstance(fault, yaml.MarkedYAMLError) and fault.problem_mark is not None:
        return f"line {fault.problem_mark.line + 1}: {fault.problem}"
    if isinstance(fault, UnicodeDecodeError):
        return "it is not in UTF-8; save it in UTF-8"
    if isinstance(fault, KeyError):
        return f"{fault.args[0]} is missing"
    return " ".join(str(fault).split())
