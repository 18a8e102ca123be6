"""Lake → marts: every dbt model an asset, all built by one step in this process."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, build_dbt_asset_specs

from pipelines.defs.calendar import day_of
from pipelines.defs.installation import Installation
from pipelines.ingest import load_receipts
from pipelines.ingest.control import control_tables
from pipelines.warehouse import history
from pipelines.warehouse.work_database import open_shelves


class ShelfTranslator(DagsterDbtTranslator):
    """Names dbt's nodes in the graph: the lake's relations are the departments' assets."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """`lake.<department>__<table>` is the asset `lake/<department>/<table>`."""
        if dbt_resource_props["resource_type"] == "source":
            schema, relation = dbt_resource_props["source_name"], dbt_resource_props["name"]
            return dg.AssetKey([schema, *relation.split("__")])
        return dg.AssetKey(["warehouse", dbt_resource_props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """Models are grouped by their layer."""
        kind = dbt_resource_props["resource_type"]
        return dbt_resource_props["fqn"][1] if kind == "model" else "policy"


def warehouse_assets(
    manifest: Mapping[str, Any], days: dg.PartitionsDefinition
) -> dg.AssetsDefinition:
    """All models of the parsed dbt project as one step of the graph."""
    specs: Sequence[dg.AssetSpec] = build_dbt_asset_specs(
        manifest=manifest, dagster_dbt_translator=ShelfTranslator()
    )

    keys = {spec.key for spec in specs}

    @dg.multi_asset(name="build_warehouse", specs=specs, partitions_def=days)
    def build_warehouse(
        context: dg.AssetExecutionContext, installation: dg.ResourceParam[Installation]
    ) -> Iterator[dg.MaterializeResult]:
        installation.hold()
        on_date = day_of(context)
        home, contracts = installation.home, installation.contracts
        receipts = load_receipts(home, on_date)
        control = control_tables(contracts, receipts, installation.city, home, on_date)
        open_shelves(home, on_date, contracts, control | history.earlier(home, on_date))
        built = installation.dbt.build(on_date)
        history.remember(home, on_date)
        for node in built:  # in the order of their dependencies
            if (key := dg.AssetKey(["warehouse", node.name])) in keys:
                yield dg.MaterializeResult(asset_key=key, metadata={"seconds": node.seconds})

    return build_warehouse
