-- One row per child in the children roll and version of the child's row, as far as the last window month sees it.
{{ config(materialized="view", tags=["compared"]) }}
{{ children_of_part("last_month") }}
