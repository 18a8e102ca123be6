{#
    Numbers by which the ledger and what is due are counted and meet: a hundred bytes of keys and names a row become eight.
    Codes of programmes are four digits in every city (contract of finance/payments).
#}

{# A programme code as a number. #}
{% macro program_no(program) %}cast({{ program }} as smallint){% endmacro %}

{# Programmes with the number that stands for all their codes: the lowest. #}
{% macro programme_numbers() %}(
    select
        programme,
        min({{ program_no("program") }}) as programme_no
    from {{ ref("programmes") }}
    group by programme
){% endmacro %}

{# Codes of programmes as a row of the ledger meets them: with their own number and their programme's. #}
{% macro numbered_programmes() %}(
    select
        codes.*,
        {{ program_no("codes.program") }} as program_no,
        codes.unit = 'household' as is_for_households,
        programme_numbers.programme_no
    from {{ ref("programmes") }} as codes
    inner join {{ programme_numbers() }} as programme_numbers on codes.programme = programme_numbers.programme
){% endmacro %}

{# A month as a number. #}
{% macro month_no(month_on) %}(year({{ month_on }}) * 12 + month({{ month_on }})){% endmacro %}

{# One number for a beneficiary, a programme and a month, and its parts again. #}
{% macro benefit_month_no(is_household, beneficiary_id, programme_no, month_no) -%}
    (((cast({{ beneficiary_id }} as bigint) * 2 + case when {{ is_household }} then 1 else 0 end) * 10000 + {{ programme_no }})
    * 100000 + {{ month_no }})
{%- endmacro %}
{% macro month_no_of(benefit_month_no) %}({{ benefit_month_no }} % 100000){% endmacro %}
{% macro programme_no_of(benefit_month_no) %}({{ whole_quotient(benefit_month_no, 100000) }} % 10000){% endmacro %}
{% macro is_household_of(benefit_month_no) %}({{ whole_quotient(benefit_month_no, 1000000000) }} % 2 = 1){% endmacro %}
{% macro beneficiary_id_of(benefit_month_no) %}cast({{ whole_quotient(benefit_month_no, 2000000000) }} as integer){% endmacro %}

{# The number of a row of the ledger, found for dibao without a household number too: it belongs to the payee's
   household of the month; else to the payee. #}
{% macro belongs_to(ledger, payee_households, programmes) -%}
    coalesce(
        {{ ledger }}.benefit_month_no,
        {{ benefit_month_no(
            payee_households ~ ".household_id is not null",
            "coalesce(" ~ payee_households ~ ".household_id, " ~ ledger ~ ".person_id)",
            programmes ~ ".programme_no",
            month_no(ledger ~ ".month_on"),
        ) }}
    )
{%- endmacro %}
