{#
    The window in two parts: its last month, for which nearly every working day brings something, and the months before it, for
    which hardly anything comes any more, so that what is made of them stands. What is due to somebody in a month, and paid for
    it, follows from nothing of another month: the two parts together are the window.

    A part is "last_month" or "earlier_months"; it has relations of its own, of those names.
#}

{# A relation of a part. #}
{% macro in_part(thing, part) %}{{ return(ref("int_measures__" ~ thing ~ "_in_" ~ part)) }}{% endmacro %}

{# Whether a row of int_measures__months is of a part. #}
{% macro is_of_part(months, part) -%}
    {{ months }}.is_in_window and {{ "not " if part == "earlier_months" }}{{ months }}.is_last_in_window
{%- endmacro %}

{#
    The last month of a part and its last day, and the day after which nothing that happens is seen by the part: a relation of one
    row. What changes later leaves the relations of the part as they are, and so all that is made of them.
#}
{% macro end_of_part(part) %}(
    select
        max(months.month_on) as last_month_on,
        max(months.month_end_on) as last_day_on,
        {{ add_days("max(months.month_end_on)", "1") }} as after_on
    from {{ ref("int_measures__months") }} as months
    where {{ is_of_part("months", part) }}
){% endmacro %}
