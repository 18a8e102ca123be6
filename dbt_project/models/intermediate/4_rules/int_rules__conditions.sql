-- One row per rule of rule_conditions.csv and subject of whom a ground holds, or of whom none can be told.
{{ condition_findings(
    ref("rule_conditions"), ref("rule_inhibitions"), ref("rule_wordings"), ref("rule_metrics"), ref("rules"),
    ref("int_metrics__people"), ref("int_metrics__households"), ref("int_rules__previous_findings"),
) }}
{# What the statement reads besides: #}
{% set parameters_read_from = [ref("int_measures__parameters"), ref("stg_control__run")] %}
