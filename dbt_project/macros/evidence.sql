{#
    Evidence of a finding: a list of terms, each naming its source, the key of the source's row
    (the department's own number, or a pseudonym; never an identity), the field, its value and
    the day for which the value holds. Published as JSON text. The engine's part is in engine.sql.
#}

{#
    One term. Source is `department.table` (or policy.parameters); a null value stays null.
    unit   `yuan`, `yuan_a_year`, `yuan_a_month`, `person`, `month`, `day`, `date`, `ratio`, `level`, ...: a name, not SQL
    step   the term's place in the finding's arithmetic, read from top to bottom: `start`, `plus`, `minus`, `times`,
           `divided_by` take it further, `result` states what it comes to (rounded to the result's decimals), `compared_with`
           is the line the result is held against. None: a fact beside the arithmetic. Every `start` begins anew.
    A `result`, and a plain number such as the months of a year, name the rule: source policy.rules, key its rule_id.
    What fields and units are called on the card stands in pipelines/reporting/names.csv.
#}
{% macro evidence_term(source, key, field, value, as_of, unit=none, step=none) -%}
    {{ return(adapter.dispatch("evidence_term")(source, key, field, value, as_of, unit, step)) }}
{%- endmacro %}
{% macro duckdb__evidence_term(source, key, field, value, as_of, unit, step) -%}
    struct_pack(
        source := cast({{ source }} as varchar), key := cast({{ key }} as varchar), field := cast({{ field }} as varchar),
        value := cast({{ value }} as varchar), as_of := cast({{ as_of }} as varchar),
        unit := cast({{ "'" ~ unit ~ "'" if unit else "null" }} as varchar),
        step := cast({{ "'" ~ step ~ "'" if step else "null" }} as varchar)
    )
{%- endmacro %}

{# The terms of a group of rows in a fixed order, as one list; a row whose `holds` is not true adds none. #}
{% macro evidence_terms(term, order_by, holds="true") -%}
    {{ return(adapter.dispatch("evidence_terms")(term, order_by, holds)) }}
{%- endmacro %}
{% macro duckdb__evidence_terms(term, order_by, holds) -%}
    list({{ term }} order by {{ order_by }}) filter (where {{ holds }})
{%- endmacro %}

{# Terms of one row as a list; terms are given as (condition, term), null condition means no term. #}
{% macro evidence_list(conditions_and_terms) -%}
    {{ return(adapter.dispatch("evidence_list")(conditions_and_terms)) }}
{%- endmacro %}
{% macro duckdb__evidence_list(conditions_and_terms) -%}
    list_filter([
        {%- for condition, term in conditions_and_terms %}
        case when {{ condition }} then {{ term }} end{{ "," if not loop.last }}
        {%- endfor %}
    ], lambda term: term is not null)
{%- endmacro %}

{# Several lists, any of them null, as the published JSON text. #}
{% macro evidence_json(lists) -%}
    {{ return(adapter.dispatch("evidence_json")(lists)) }}
{%- endmacro %}
{% macro duckdb__evidence_json(lists) -%}
    cast(to_json(
        {%- for list in lists[:-1] %}list_concat({{ list }}, {% endfor -%}
        {{ lists[-1] }}{{ ")" * (lists | length - 1) }}
    ) as varchar)
{%- endmacro %}

{# An amount, and a month, as they stand in a reason. #}
{% macro yuan(amount) %}cast(cast({{ amount }} as decimal(20, 2)) as varchar){% endmacro %}
{% macro year_month(day) %}substr(cast({{ day }} as varchar), 1, 7){% endmacro %}

{# From one month to another as it stands in a reason; one month alone is said once. #}
{% macro month_span(first_month, last_month, between) -%}
    {{ year_month(first_month) }} || case when {{ last_month }} > {{ first_month }}
        then '{{ between }}' || {{ year_month(last_month) }} else '' end
{%- endmacro %}

{# A county as it stands in a Chinese reason: its name, else the code that came, else that nobody knows. #}
{% macro county_zh(name, county_code) %}coalesce({{ name }}, nullif({{ county_code }}, 'unknown'), '地区不明'){% endmacro %}

{# The list with its first term as the `start` of a sum. #}
{% macro begun_terms(terms) -%}
    {{ return(adapter.dispatch("begun_terms")(terms)) }}
{%- endmacro %}
{% macro duckdb__begun_terms(terms) -%}
    list_transform({{ terms }}, lambda term, place: struct_pack(
        source := term.source, key := term.key, field := term.field, value := term.value, as_of := term.as_of,
        unit := term.unit, step := case when place = 1 then 'start' else term.step end
    ))
{%- endmacro %}

{# A term that names the rule itself: a result, or a plain number. #}
{% macro rule_term(rule_id, field, value, as_of, unit=none, step=none) -%}
    {{ return(evidence_term("'policy.rules'", "'" ~ rule_id ~ "'", "'" ~ field ~ "'", value, as_of, unit, step)) }}
{%- endmacro %}

{# A parameter as a term; its value is given, because a model has read it already. #}
{% macro parameter_term(name, value, unit=none, step=none, field="value") -%}
    {{ return(evidence_term("'policy.parameters'", "'" ~ name ~ "'", "'" ~ field ~ "'", value, run_date(), unit, step)) }}
{%- endmacro %}

{# Payments of a group of rows as a list, by number: what `payment_terms` makes terms of. #}
{% macro listed_payments(payment_no, amount, holds="true") -%}
    {{ return(adapter.dispatch("listed_payments")(payment_no, amount, holds)) }}
{%- endmacro %}
{% macro duckdb__listed_payments(payment_no, amount, holds) -%}
    list(struct_pack(payment_no := {{ payment_no }}, amount_cny := {{ amount }}) order by {{ payment_no }}) filter (where {{ holds }})
{%- endmacro %}

{# One payment of one row as such a list. #}
{% macro listed_payment(payment_no, amount) -%}
    {{ return(adapter.dispatch("listed_payment")(payment_no, amount)) }}
{%- endmacro %}
{% macro duckdb__listed_payment(payment_no, amount) -%}
    [struct_pack(payment_no := {{ payment_no }}, amount_cny := {{ amount }})]
{%- endmacro %}

{#
    A term for each payment of a list, so that every row of the ledger is named that an amount was summed from. Where the
    payments of the list do not come to `total`, one term of the total under `key`: a rule that cannot name them says the sum.
#}
{% macro payment_terms(payments, field, month_on, step=none, total=none, key=none) -%}
    {{ return(adapter.dispatch("payment_terms")(payments, field, month_on, step, total, key)) }}
{%- endmacro %}
{% macro duckdb__payment_terms(payments, field, month_on, step, total, key) -%}
    {%- set named -%}
        list_transform({{ payments }}, lambda payment: {{ evidence_term(
            "'finance.payments'", "payment.payment_no", field, "payment.amount_cny", month_on, "yuan", step
        ) }})
    {%- endset -%}
    {%- if total is none -%}
        {{ named }}
    {%- else -%}
        case when list_sum(list_transform({{ payments }}, lambda payment: payment.amount_cny)) = {{ total }} then {{ named }}
            else [{{ evidence_term("'finance.payments'", key, field, total, month_on, "yuan", step) }}] end
    {%- endif -%}
{%- endmacro %}

{# Lists of terms of a group of rows, one after the other in a fixed order. #}
{% macro flattened_terms(terms, order_by) -%}
    {{ return(adapter.dispatch("flattened_terms")(terms, order_by)) }}
{%- endmacro %}
{% macro duckdb__flattened_terms(terms, order_by) %}flatten(list({{ terms }} order by {{ order_by }})){% endmacro %}

{# Several lists, any of them null, as one list. #}
{% macro joined_terms(lists) -%}
    {{ return(adapter.dispatch("joined_terms")(lists)) }}
{%- endmacro %}
{% macro duckdb__joined_terms(lists) -%}
    {%- for list in lists[:-1] %}list_concat({{ list }}, {% endfor -%}
    {{ lists[-1] }}{{ ")" * (lists | length - 1) }}
{%- endmacro %}

{#
    Whether evidence tells a fact that the evidence before it did not: another row, or another value of a row. The day it is
    told on, spans of days, and what follows from the other terms do not count: they change by the mere passing of time.
#}
{% macro has_new_evidence(evidence, evidence_before) -%}
    {{ return(adapter.dispatch("has_new_evidence")(evidence, evidence_before)) }}
{%- endmacro %}
{% macro duckdb__has_new_evidence(evidence, evidence_before) -%}
    not list_has_all({{ evidence_facts(evidence_before) }}, {{ evidence_facts(evidence) }})
{%- endmacro %}
{% macro evidence_facts(evidence) -%}
    list_transform(
        list_filter(
            from_json({{ evidence }}, '[{"source":"VARCHAR","key":"VARCHAR","field":"VARCHAR","value":"VARCHAR","unit":"VARCHAR","step":"VARCHAR"}]'),
            lambda term: coalesce(term.unit, '') not in ('day', 'working_day', 'hour') and coalesce(term.step, '') <> 'result'
        ),
        lambda term: concat_ws('|', term.source, coalesce(term.key, ''), term.field, coalesce(term.value, ''))
    )
{%- endmacro %}
