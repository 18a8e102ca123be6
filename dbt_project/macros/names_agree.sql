{# Review lane: whether the names of two rows of one number agree; a missing name agrees with every name. #}
{% macro names_agree(one_name, other_name) -%}
    coalesce({{ one_name }} = {{ other_name }}, true)
{%- endmacro %}
