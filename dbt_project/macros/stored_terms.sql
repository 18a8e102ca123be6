{# Evidence as it is stored, read back into a list of terms: what one finding takes over from another. #}
{% macro stored_terms(evidence) %}{{ return(adapter.dispatch("stored_terms")(evidence)) }}{% endmacro %}
{% macro duckdb__stored_terms(evidence) -%}
    from_json({{ evidence }}, '[{"source":"VARCHAR","key":"VARCHAR","field":"VARCHAR","value":"VARCHAR","as_of":"VARCHAR","unit":"VARCHAR","step":"VARCHAR"}]')
{%- endmacro %}

{# The months that findings of a rule rest on, by what their stored evidence calls due: person_key, household_key, program,
   month_on. #}
{% macro months_found_due(findings, rule_id) %}{{ return(adapter.dispatch("months_found_due")(findings, rule_id)) }}{% endmacro %}
{% macro duckdb__months_found_due(findings, rule_id) -%}(
    select distinct
        person_key,
        household_key,
        program,
        cast(term.as_of as date) as month_on
    from (
        select person_key, household_key, program, unnest({{ stored_terms("evidence") }}) as term
        from {{ findings }}
        where rule_id = '{{ rule_id }}'
    ) as terms
    where term.field = 'due_cny'
){%- endmacro %}

{# Beneficiaries and programmes found by a rule for a month of which it is not known today what is due: neither still true nor
   false. A month that no longer has a row has nothing due and nothing paid, and is known. #}
{% macro found_and_unknown_now(rule_id) %}(
    select distinct
        reconciliation.unit,
        reconciliation.beneficiary_id,
        reconciliation.programme
    from {{ ref("int_measures__reconciliation") }} as reconciliation
    inner join (
        select 'person' as unit, keys.person_id as beneficiary_id, found_months.program, found_months.month_on
        from {{ months_found_due(ref("int_rules__previous_findings"), rule_id) }} as found_months
        inner join {{ ref("int_people__keys") }} as keys on found_months.person_key = keys.person_key
        union all
        select 'household' as unit, household_keys.household_id as beneficiary_id, found_months.program, found_months.month_on
        from {{ months_found_due(ref("int_rules__previous_findings"), rule_id) }} as found_months
        inner join {{ ref("int_people__household_keys") }} as household_keys
            on found_months.household_key = household_keys.household_key
    ) as found_before
        on reconciliation.unit = found_before.unit
        and reconciliation.beneficiary_id = found_before.beneficiary_id
        and reconciliation.programme = found_before.program
        and reconciliation.month_on = found_before.month_on
    where reconciliation.due_cny is null
){% endmacro %}
