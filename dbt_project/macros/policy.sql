{#
    The value of a parameter in force on the day being run, for the city: a scalar subquery.
    Where a county may differ, join int_measures__parameters by name, county and date instead.
    Null where no row is in force (a rule that has not come into force yet).
#}
{% macro parameter(name) %}(
    select parameters_of_day.value
    from {{ ref("int_measures__parameters") }} as parameters_of_day
    inner join {{ ref("stg_control__run") }} as run_of_day on parameters_of_day.county_code = run_of_day.city_code
    where parameters_of_day.name = '{{ name }}'
        and {{ run_date() }} >= parameters_of_day.effective_from_on
        and {{ run_date() }} < parameters_of_day.effective_to_on
){% endmacro %}

{# Every row of a parameter for the city, with its time: for what is judged by the day or month it is of. #}
{% macro parameter_rows(name) %}
    select
        parameters_of_city.value,
        parameters_of_city.effective_from_on,
        parameters_of_city.effective_to_on
    from {{ ref("int_measures__parameters") }} as parameters_of_city
    inner join {{ ref("stg_control__run") }} as run_of_day on parameters_of_city.county_code = run_of_day.city_code
    where parameters_of_city.name = '{{ name }}'
{%- endmacro %}

{#
    Several parameters in force on the day being run, for the city: a relation of one row with a column by each name.
    A rule that reads more than one takes them from here; every `parameter` by itself is a join the engine plans anew.
#}
{% macro parameters_of_day(names) %}(
    select
        {%- for name in names %}
        max(case when parameters_in_force.name = '{{ name }}' then parameters_in_force.value end) as {{ name }}{{ "," if not loop.last }}
        {%- endfor %}
    from {{ ref("int_measures__parameters") }} as parameters_in_force
    inner join {{ ref("stg_control__run") }} as run_of_day on parameters_in_force.county_code = run_of_day.city_code
    where parameters_in_force.name in ('{{ names | join("', '") }}')
        and {{ run_date() }} >= parameters_in_force.effective_from_on
        and {{ run_date() }} < parameters_in_force.effective_to_on
){% endmacro %}
