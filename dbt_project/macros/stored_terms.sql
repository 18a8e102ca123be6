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
