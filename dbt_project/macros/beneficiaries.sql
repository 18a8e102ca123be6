{# Every person and household that may be paid something, by unit and number, with the pseudonym that is published. #}
{% macro published_beneficiaries() -%}
select 'person' as unit, person_id as beneficiary_id, {{ published_key("person_key") }} as beneficiary_key
    from {{ ref("int_people__keys") }}
    union all
    select 'household' as unit, household_id as beneficiary_id, {{ published_key("household_key") }} as beneficiary_key
    from {{ ref("int_people__household_keys") }}
{%- endmacro %}
