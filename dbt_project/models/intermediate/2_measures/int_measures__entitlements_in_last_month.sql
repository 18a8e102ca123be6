-- One row per beneficiary, programme and last window month in which something is due or what is due is unknown (null).
{{ config(pre_hook="{{ keep_large_side_probed() }}", post_hook="{{ choose_join_sides() }}") }}
{{ entitlements_of_part("last_month") }}
