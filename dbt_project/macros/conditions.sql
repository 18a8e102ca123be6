{#
    Rules that rule_conditions.csv states, as one statement: for each rule its subjects of whom a ground holds, or of whom none
    can be told; texts and evidence are made of whom one holds alone. Written from the rows of seeds alone, which follow from
    the project's files as every text does; nothing here knows a rule by name.
#}
{% macro condition_findings(conditions, inhibitions, wordings, metrics, rules, people, households, previous_findings) %}
    {%- if not execute %}select 1 as rule_id{% else -%}
    {%- set known = {} -%}
    {%- set columns = "unit, metric, kind, coalesce(unit_name, '') as unit_name, source, dividend, divisor" -%}
    {%- for row in run_query("select " ~ columns ~ " from " ~ metrics).rows -%}
        {%- do known.update({row["unit"] ~ " " ~ row["metric"]: row}) -%}
    {%- endfor -%}
    {%- set stated = run_query(
        "select conditions.*, rules.unit, wordings.reason_zh, wordings.reason_en, wordings.unknown_zh from " ~ conditions
        ~ " as conditions inner join " ~ rules ~ " as rules on conditions.rule_id = rules.rule_id left join " ~ wordings
        ~ " as wordings on conditions.rule_id = wordings.rule_id order by conditions.rule_id, conditions.ground, conditions.metric"
    ).rows -%}
    {%- set inhibiting = run_query(
        "select inhibitions.*, rules.unit from " ~ inhibitions ~ " as inhibitions inner join " ~ rules
        ~ " as rules on inhibitions.rule_id = rules.rule_id order by inhibitions.rule_id, inhibitions.inhibited_by"
    ).rows -%}
    {%- set names = [] -%}
    {%- for row in (stated | list) + (inhibiting | list) if row["value"].startswith("parameter ") -%}
        {%- if row["value"][10:] not in names %}{% do names.append(row["value"][10:]) %}{% endif -%}
    {%- endfor -%}
    {%- for rule_id, rows in stated | groupby("rule_id") %}
    {% set unit = rows[0]["unit"] -%}
    {% set grounds = rows | groupby("ground") -%}
    {%- set is_judged -%}
        (coalesce({% for ground, _ in grounds %}ground_{{ ground }}{{ ", false) or coalesce(" if not loop.last }}{% endfor %}, false))
    {%- endset %}
    {% set answers = inhibiting | selectattr("rule_id", "equalto", rule_id) | list -%}
    {% if not loop.first %}union all{% endif %}
    select
        '{{ rule_id }}' as rule_id,
        '{{ unit }}' as unit,
        {{ "household_id" if unit == "household" else "cast(null as integer)" }} as subject_household_id,
        {{ "person_id" if unit == "person" else "cast(null as integer)" }} as subject_person_id,
        cast(null as varchar) as subject_code,
        cast(null as varchar) as programme,
        case
            {%- for level in ["emergency", "red", "orange", "yellow"] %}
            {%- for ground, of_ground in grounds if of_ground[0]["level"] == level %}
            when ground_{{ ground }} then '{{ level }}'
            {%- endfor %}
            {%- endfor %}
        end as level,
        household_id,
        {{ "person_id" if unit == "person" else "cast(null as integer)" }} as person_id,
        county_code,
        township_code,
        area_code,
        cast(null as decimal(14, 2)) as amount_cny,
        cast(null as decimal(10, 4)) as ratio_to_standard,
        case when {{ is_judged }} then {{ worded(rows[0]["reason_zh"], unit, known, "未知") }} end as reason_zh,
        case when {{ is_judged }} then {{ worded(rows[0]["reason_en"], unit, known, "unknown") }} end as reason_en,
        case when {{ is_judged }} then {{ evidence_json([evidence_list(condition_terms(grounds, unit, known))]) }} end as evidence,
        {{ sql_text(rows[0]["unknown_zh"] or "") }} as unknown_zh,
        inhibited_by,
        {{ is_judged }} as is_judged
    from (
        select
            metrics.*,
            {%- for ground, of_ground in grounds %}
            {% for row in of_ground %}{{ compared(row, known) }}{{ " and " if not loop.last }}{% endfor %} as ground_{{ ground }},
            {%- endfor %}
            {%- for row in answers %}
            {% if loop.first %}case{% endif %} when {{ compared(row, known) }} then {{ sql_text(row["inhibited_by"]) }}{% if loop.last %} end{% endif %}
            {%- else %}
            cast(null as varchar)
            {%- endfor %} as inhibited_by
            {%- for name in names %},
            numbers.{{ name }}
            {%- endfor %}
        from {{ households if unit == "household" else people }} as metrics
        {%- if names %}
        cross join {{ parameters_of_day(names) }} as numbers
        {%- endif %}
    ) as compared_metrics
    where ({% for ground, _ in grounds %}coalesce(ground_{{ ground }}, true){{ " or " if not loop.last }}{% endfor %})
        {%- if answers %}
        {#- Nobody need be told that help answers what was never found. #}
        and (
            inhibited_by is null
            or {{ unit }}_key in (select {{ unit }}_key from {{ previous_findings }} where rule_id = '{{ rule_id }}')
        )
        {%- endif %}
    {%- endfor %}
    {%- endif %}
{% endmacro %}

{# One comparison. A number of the law is read from its parameter, anything else as it is written; a quotient is compared
   without being divided. #}
{% macro compared(row, known) -%}
    {%- set metric = known[row["unit"] ~ " " ~ row["metric"]] -%}
    {%- set kind = metric["kind"] -%}
    {%- set compared_column = metric["dividend"] or row["metric"] -%}
    {%- set times -%}
        {%- if metric["divisor"] %} * {{ "" if metric["divisor"].isdigit() else "metrics." }}{{ metric["divisor"] }}{% endif -%}
    {%- endset -%}
    {%- if row["value"].startswith("parameter ") -%}
        metrics.{{ compared_column }} {{ row["comparison"] }} numbers.{{ row["value"][10:] }}{{ times }}
    {%- elif row["comparison"] == "in" -%}
        metrics.{{ row["metric"] }} in ({% for value in row["value"].split("|") %}{{ sql_text(value) }}{{ ", " if not loop.last }}{% endfor %})
    {%- elif kind == "text" -%}
        metrics.{{ row["metric"] }} {{ row["comparison"] }} {{ sql_text(row["value"]) }}
    {%- else -%}
        metrics.{{ compared_column }} {{ row["comparison"] }} {{ row["value"] }}{{ times }}
    {%- endif -%}
{%- endmacro %}

{# The metrics a rule looks at, each once, and the numbers they are held against. #}
{% macro condition_terms(grounds, unit, known) -%}
    {%- set terms, seen = [], [] -%}
    {%- set key = published_key("household_key") if unit == "household" else published_key("person_key") -%}
    {%- for ground, rows in grounds -%}
        {%- for row in rows -%}
            {%- set metric = known[unit ~ " " ~ row["metric"]] -%}
            {%- if row["metric"] not in seen -%}
                {%- do seen.append(row["metric"]) -%}
                {%- do terms.append(("true", evidence_term(
                    "'" ~ metric["source"] ~ "'", key, "'" ~ row["metric"] ~ "'", written(row["metric"], metric["kind"]), run_date(),
                    unit=metric["unit_name"] or none
                ))) -%}
            {%- endif -%}
            {%- if row["value"].startswith("parameter ") and row["value"] not in seen -%}
                {%- do seen.append(row["value"]) -%}
                {%- do terms.append(("true", evidence_term(
                    "'policy.parameters'", "'" ~ row["value"][10:] ~ "'", "'value'", row["value"][10:], run_date(),
                    unit=metric["unit_name"] or none
                ))) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(terms) }}
{%- endmacro %}

{# A metric as it is read by people. #}
{% macro written(metric, kind) -%}
    {%- if kind == "yuan" -%}{{ yuan(metric) }}
    {%- elif kind == "ratio" -%}cast(cast({{ metric }} as decimal(12, 4)) as varchar)
    {%- else -%}cast({{ metric }} as varchar)
    {%- endif -%}
{%- endmacro %}

{# A wording with its metrics put in. #}
{% macro worded(wording, unit, known, unknown) -%}
    {%- for piece in (wording or "").split("{") -%}
        {%- if loop.first -%}
            {{ sql_text(piece) }}
        {%- else -%}
            {%- set name, _, rest = piece.partition("}") -%}
            || coalesce({{ written(name, known[unit ~ " " ~ name]["kind"]) }}, {{ sql_text(unknown) }}) || {{ sql_text(rest) }}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{% macro sql_text(text) %}'{{ text | replace("'", "''") }}'{% endmacro %}
