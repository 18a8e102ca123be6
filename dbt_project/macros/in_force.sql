{#
    Policy rows as intervals for the city and each of its counties.

    Every row holds from its date until the next row of the same key and area; a more specific area's rows take over
    for good from their first date on. Returns a relation: the row's columns, county_code (the city's own code stands
    for the city as a whole), effective_from_on, effective_to_on (exclusive).
#}
{% macro policy_in_force(relation, key) %}(
    with areas as (
        select area_code as county_code, area_code as applies_to, 3 as specificity
        from {{ ref("divisions") }}
        where valid_to is null and level in ('county', 'city')
        union all
        select area_code as county_code, parent_code as applies_to, 2 as specificity
        from {{ ref("divisions") }}
        where valid_to is null and level = 'county'
        union all
        select area_code as county_code, substr(area_code, 1, 2) || '0000' as applies_to, 1 as specificity
        from {{ ref("divisions") }}
        where valid_to is null and level in ('county', 'city')
        union all
        select area_code as county_code, '000000' as applies_to, 0 as specificity
        from {{ ref("divisions") }}
        where valid_to is null and level in ('county', 'city')
    ),

    dated as (
        select
            policy.*,
            areas.county_code,
            areas.specificity,
            policy.effective_from as effective_from_on,
            lead(policy.effective_from) over (
                partition by areas.county_code, areas.specificity{% for column in key %}, coalesce(policy.{{ column }}, ''){% endfor %}
                order by policy.effective_from
            ) as next_from_on
        from {{ relation }} as policy
        inner join areas on policy.area_code = areas.applies_to
    ),

    cut as (
        select
            dated.county_code,
            dated.specificity,
            {% for column in key %}dated.{{ column }},
            {% endfor %}dated.effective_from_on,
            min(specific.effective_from_on) as taken_over_on
        from dated
        inner join dated as specific
            on dated.county_code = specific.county_code
            and dated.specificity < specific.specificity
            {% for column in key %}and coalesce(dated.{{ column }}, '') = coalesce(specific.{{ column }}, '')
            {% endfor %}
        group by dated.county_code, dated.specificity, {% for column in key %}dated.{{ column }}, {% endfor %}dated.effective_from_on
    ),

    bounded as (
        select
            dated.*,
            least(
                coalesce(dated.next_from_on, cast('9999-12-31' as date)),
                coalesce(cut.taken_over_on, cast('9999-12-31' as date))
            ) as effective_to_on
        from dated
        left join cut
            on dated.county_code = cut.county_code
            and dated.specificity = cut.specificity
            and dated.effective_from_on = cut.effective_from_on
            {% for column in key %}and coalesce(dated.{{ column }}, '') = coalesce(cut.{{ column }}, '')
            {% endfor %}
    )

    select * from bounded where effective_from_on < effective_to_on
){% endmacro %}
