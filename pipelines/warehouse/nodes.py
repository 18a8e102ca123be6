"""The nodes of a dbt project and what is made of what, as its manifest describes them.

Belongs here: what the description says of a node. Does not belong here: parsing the project and
building from it (`dbt`), what of a work database still stands (`standing`), which column comes
from which (`lineage`).
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter
from typing import Any

DAY = "control.run_date()"
"""How the text of a model asks for the day that is built."""

COMPARED = "compared"
"""Tag of tables and views whose rows are compared with those before: where they came out the same,
what reads them stands, though they, or what they show, were built anew."""

REGISTERS = "registers"
"""First stage of a build: seeds, compared tables and views, and all that they read."""

THE_REST = "the_rest"

GROWING = "growing"
"""Materialization of tables to which a day adds what came, and takes nothing away. Such a model has
a column `known_from_on`, and names in its meta, as `grows_with`, the lake relation it follows, if a
later row of that may take one of the table back."""

RELATIONS = ("model", "seed")
"""Kinds of nodes that put a relation into the work database."""


@dataclass(frozen=True)
class Node:
    """A model, a seed or a test.

    `reads` and `macros` are the unique ids of what its text refers to.
    """

    unique_id: str
    kind: str
    name: str
    schema: str
    alias: str
    materialized: str
    tags: frozenset[str]
    meta: Mapping[str, Any]
    reads: tuple[str, ...]
    macros: frozenset[str]

    @property
    def relation(self) -> str:
        """Its relation as SQL writes it: schema and name, both in quotes."""
        return f'"{self.schema}"."{self.alias}"'

    @property
    def is_view(self) -> bool:
        """Whether it shows what it reads, and holds nothing."""
        return self.materialized == "view"

    @property
    def is_compared(self) -> bool:
        """Whether its rows are compared with those before."""
        return COMPARED in self.tags

    @property
    def grows(self) -> bool:
        """Whether a day adds rows to it and takes none away."""
        return self.materialized == GROWING


@dataclass(frozen=True)
class Lineage:
    """A dbt project as far as it says what is made of what.

    `manifest` is dbt's description of it, `files` a hash of all files of the project.
    """

    manifest: Mapping[str, Any]
    files: str

    @cached_property
    def nodes(self) -> dict[str, Node]:
        """Every node by its unique id."""
        return {node.unique_id: node for node in map(_node, self.manifest["nodes"].values())}

    @cached_property
    def sources(self) -> dict[str, str]:
        """Of every source its relation, by its unique id."""
        return {
            unique_id: f"{source['schema']}.{source['name']}"
            for unique_id, source in self.manifest["sources"].items()
        }

    @cached_property
    def in_order(self) -> list[Node]:
        """Every model and seed, each after what it reads."""
        placed: dict[str, Node] = {}

        def place(unique_id: str) -> None:
            node = self.nodes.get(unique_id)
            if node and node.kind in RELATIONS and unique_id not in placed:
                for above in node.reads:
                    place(above)
                placed[unique_id] = node

        for unique_id in sorted(self.nodes):
            place(unique_id)
        return list(placed.values())

    def stage(self, name: str) -> list[Node]:
        """The models and seeds of a stage, in order."""
        registers = self._registers
        return [
            node for node in self.in_order if (node.unique_id in registers) == (name == REGISTERS)
        ]

    @cached_property
    def _registers(self) -> set[str]:
        found: set[str] = set()
        for node in reversed(self.in_order):
            if node.is_compared or node.kind == "seed" or node.unique_id in found:
                found |= {node.unique_id, *node.reads}
        return found

    def below(self, node: Node, until: Collection[str] = ()) -> set[str]:
        """Everything that a node is made of, sources included; of some nodes not what they are."""
        found, open_ = set[str](), [*node.reads]
        while open_:
            unique_id = open_.pop()
            if unique_id not in found:
                found.add(unique_id)
                if unique_id in self.nodes and unique_id not in until:
                    open_ += self.nodes[unique_id].reads
        return found

    def between(self, above: Collection[str], wanted: Collection[str]) -> list[Node]:
        """The nodes that are made of some and that others are made of, these too; by name."""
        ends = [node for node in self.in_order if node.name in wanted]
        needed = {node.unique_id for node in ends}.union(*map(self.below, ends))
        sources = {node.unique_id for node in self.in_order if node.name in above}
        return [
            node
            for node in self.in_order
            if node.unique_id in needed and self.below(node) & sources
        ]

    def turns(self, chosen: Collection[str]) -> TopologicalSorter[str]:
        """Which of some nodes come after which, also where only others lie between them."""
        return TopologicalSorter(
            {
                unique_id: self.below(self.nodes[unique_id], until=chosen).intersection(chosen)
                for unique_id in chosen
            }
        )

    def tests_of(self, chosen: Collection[str]) -> Iterator[Node]:
        """The tests that look at one of some models and seeds."""
        return (
            node
            for node in self.nodes.values()
            if node.kind == "test" and any(read in chosen for read in node.reads)
        )

    def names_the_day(self, node: Node) -> bool:
        """Whether a node asks which day it is, and so differs from day to day."""
        return bool(self._dated_macros & node.macros)

    @cached_property
    def _dated_macros(self) -> set[str]:
        """Macros of the project that ask for the day, or call one that does."""
        macros = {
            unique_id: macro
            for unique_id, macro in self.manifest["macros"].items()
            if macro["package_name"] == self.manifest["metadata"]["project_name"]
        }
        found = {unique_id for unique_id, macro in macros.items() if DAY in macro["macro_sql"]}
        while True:
            more = {
                unique_id
                for unique_id, macro in macros.items()
                if unique_id not in found and found.intersection(macro["depends_on"]["macros"])
            }
            if not more:
                return found
            found |= more


def _node(described: Mapping[str, Any]) -> Node:
    above, config = described["depends_on"], described["config"]
    return Node(
        described["unique_id"],
        described["resource_type"],
        described["name"],
        described["schema"],
        described["alias"],
        config["materialized"],
        frozenset(config["tags"]),
        config["meta"],
        tuple(above.get("nodes", ())),
        frozenset(above["macros"]),
    )
