{# Evidence as it is stored, read back into a list of terms: what one finding takes over from another. #}
{% macro stored_terms(evidence) %}{{ return(adapter.dispatch("stored_terms")(evidence)) }}{% endmacro %}
{% macro duckdb__stored_terms(evidence) -%}
    from_json({{ evidence }}, '[{"source":"VARCHAR","key":"VARCHAR","field":"VARCHAR","value":"VARCHAR","as_of":"VARCHAR","unit":"VARCHAR","step":"VARCHAR"}]')
{%- endmacro %}
