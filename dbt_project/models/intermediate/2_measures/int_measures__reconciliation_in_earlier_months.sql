-- One row per beneficiary, entitled programme and window month before the last in which something is due, unknown or in the ledger.
{{ config(pre_hook="{{ keep_large_side_probed() }}", post_hook="{{ choose_join_sides() }}") }}
{{ reconciliation_of_part("earlier_months") }}
