-- One row per child in the children roll and version of the child's row, as far as the months before the last window month see it.
{{ config(materialized="view", tags=["compared"]) }}
{{ children_of_part("earlier_months") }}
