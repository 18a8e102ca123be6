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
