"""Lake → marts: every dbt model an asset, all built by one step in this process."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import dagster as dg

from pipelines.contracts.sources import load_contracts
from pipelines.defs.automation import ANALYSTS, MISSED, OPERATOR
from pipelines.defs.calendar import day_of
from pipelines.defs.installation import Installation
from pipelines.defs.one_day import EXPORT, build_day, export_what_is_read
from pipelines.defs.replies import take_inbox_of_day
from pipelines.warehouse.exports import MARTS_SCHEMA, declared_marts

CONTROL = "control"


def node_key(node: Mapping[str, Any]) -> dg.AssetKey:
    """Name of dbt's node in the graph: the lake's relations are the departments' assets."""
    if node["resource_type"] == "source":
        return dg.AssetKey([node["source_name"], *node["name"].split("__")])
    return dg.AssetKey(["warehouse", node["name"]])


def node_specs(manifest: Mapping[str, Any]) -> list[dg.AssetSpec]:
    """Models and seeds of the parsed dbt project as assets; models are grouped by their layer.

    Written here because importing the library that does it takes two seconds of every run. Only
    marts are outputs that later steps wait for; the others may be left out by the step.
    """
    nodes = manifest["nodes"] | manifest["sources"]
    return [
        dg.AssetSpec(
            node_key(node),
            deps=[node_key(nodes[above]) for above in node["depends_on"].get("nodes", [])],
            skippable=node["schema"] != MARTS_SCHEMA,
            group_name=node["fqn"][1] if node["resource_type"] == "model" else "policy",
            kinds={"dbt", "duckdb"},
            owners=ANALYSTS,
            description=node["description"] or None,
            metadata={"file": node["original_file_path"]}
            | ({"columns": _columns(node)} if node["columns"] else {}),
        )
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "seed")
    ]


def given_specs(manifest: Mapping[str, Any]) -> list[dg.AssetSpec]:
    """What the models read besides departments' tables, not built by a step of its own.

    What a day is told (calendar, replies, days before it), and whom deliveries name.
    """
    declared = {f"{department}__{table}" for department, table in load_contracts()}
    return [
        dg.AssetSpec(
            node_key(node),
            group_name=node["source_name"] if node["source_name"] == CONTROL else "people",
            owners=OPERATOR,
            description=node["description"] or None,
        )
        for node in manifest["sources"].values()
        if node["name"] not in declared
    ]


def _columns(node: Mapping[str, Any]) -> dg.TableSchema:
    return dg.TableSchema(
        [
            dg.TableColumn(name, column["data_type"] or "", column["description"] or None)
            for name, column in node["columns"].items()
        ]
    )


def warehouse_assets(
    manifest: Mapping[str, Any], days: dg.PartitionsDefinition
) -> dg.AssetsDefinition:
    """All models of the parsed dbt project as one step of the graph."""
    specs = node_specs(manifest)
    keys = {spec.key: spec.skippable for spec in specs}
    marts = declared_marts(manifest)

    @dg.multi_asset(name="build_warehouse", specs=specs, partitions_def=days)
    def build_warehouse(
        context: dg.AssetExecutionContext, installation: dg.ResourceParam[Installation]
    ) -> Iterator[dg.MaterializeResult | dg.AssetMaterialization]:
        installation.hold()
        if MISSED not in context.run.tags:
            take_inbox_of_day(installation, day_of(context))
        built = build_day(installation, day_of(context))
        installation.ahead.begin(
            context.run.run_id, EXPORT, partial(export_what_is_read, installation.home, marts)
        )
        for node in built:  # in the order of their dependencies
            key = dg.AssetKey(["warehouse", node.name])
            told = {"seconds": node.seconds}
            if keys.get(key):  # an output costs several times as much
                yield dg.AssetMaterialization(key, metadata=told, partition=context.partition_key)
            elif key in keys:
                yield dg.MaterializeResult(asset_key=key, metadata=told)

    return build_warehouse
