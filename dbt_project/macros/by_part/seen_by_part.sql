{# What each part of the window sees of registers and ledger. #}

{# One row per civil-affairs household and version of its roll row, as far as window months see it. #}
{% macro households_of_part(part) -%}
with household_versions as (
    select * from {{ ref("int_people__household_versions") }}
),

first_roll as (
    select min(known_from_on) as first_received_on from household_versions
),

final as (
    select
        household_versions.household_id,
        household_versions.category,
        household_versions.residence,
        household_versions.county_code,
        household_versions.monthly_amount_cny,
        household_versions.approved_on,
        household_versions.first_paid_month_on,
        case when household_versions.ended_on <= part_end.last_month_on then household_versions.ended_on end as ended_on,
        -- The roll lacked the family and had it again later.
        case
            when not household_versions.is_latest and household_versions.known_until_on <= part_end.last_day_on
                then household_versions.known_until_on
        end as lacked_from_on,
        household_versions.state_from_on,
        least(household_versions.state_until_on, part_end.after_on) as state_until_on,
        first_roll.first_received_on
    from household_versions
    cross join {{ end_of_part(part) }} as part_end
    cross join first_roll
    where household_versions.state_from_on < part_end.after_on and household_versions.approved_on <= part_end.last_month_on
)

select * from final
{%- endmacro %}

{# One row per civil-affairs household, member and version of the member's row, as far as window months see it. #}
{% macro members_of_part(part) -%}
select
    member_versions.household_id,
    member_versions.person_id,
    member_versions.is_covered,
    member_versions.self_care,
    member_versions.state_from_on,
    least(member_versions.state_until_on, part_end.after_on) as state_until_on
from {{ ref("int_people__member_versions") }} as member_versions
cross join {{ end_of_part(part) }} as part_end
where member_versions.state_from_on < part_end.after_on
    and member_versions.household_id in (
        select households.household_id from {{ in_part("households", part) }} as households
    )
{%- endmacro %}

{# One row per certificate and version of its row, as far as window months see it. #}
{% macro certificates_of_part(part) -%}
select
    certificates.person_id,
    certificates.level,
    certificates.status,
    certificates.issued_on,
    certificates.expires_on,
    certificates.changed_on,
    certificates.known_from_on,
    certificates.state_from_on,
    least(certificates.state_until_on, part_end.after_on) as state_until_on
from {{ ref("int_people__certificates") }} as certificates
cross join {{ end_of_part(part) }} as part_end
where certificates.state_from_on < part_end.after_on and certificates.issued_on <= part_end.last_month_on
{%- endmacro %}

{# One row per child in the children roll and version of the child's row, as far as window months see it. #}
{% macro children_of_part(part) -%}
select
    child_versions.person_id,
    child_versions.kind,
    child_versions.county_code,
    child_versions.approved_on,
    case when child_versions.ended_on < part_end.last_month_on then child_versions.ended_on end as ended_on,
    child_versions.state_from_on,
    least(child_versions.state_until_on, part_end.after_on) as state_until_on
from {{ ref("int_people__child_versions") }} as child_versions
cross join {{ end_of_part(part) }} as part_end
where child_versions.state_from_on < part_end.after_on and child_versions.approved_on < part_end.last_month_on
{%- endmacro %}

{# One row per person who died before the last window month. #}
{% macro deaths_of_part(part) -%}
select
    deaths.person_id,
    deaths.died_on
from {{ ref("int_people__deaths") }} as deaths
cross join {{ end_of_part(part) }} as part_end
where deaths.died_on < part_end.last_month_on
{%- endmacro %}

{# One row per person with a certificate or in the children roll, whose county sets the rate of window months. #}
{% macro residence_of_part(part) -%}
select
    residence.person_id,
    residence.county_code
from {{ ref("int_people__residence") }} as residence
where residence.person_id in (
    select certificates.person_id from {{ in_part("certificates", part) }} as certificates
    union all
    select children.person_id from {{ in_part("children", part) }} as children
)
{%- endmacro %}

{# One row per payment of a programme with an entitlement for a window month. #}
{% macro ledger_of_part(part) -%}
select
    ledger.person_id,
    ledger.household_id,
    ledger.program_no,
    ledger.month_on,
    ledger.benefit_month_no,
    ledger.amount_cny,
    ledger.paid_on,
    ledger.is_successful
from {{ ref("int_measures__ledger") }} as ledger
where
    ledger.month_on in (
        select months.month_on from {{ ref("int_measures__months") }} as months where {{ is_of_part("months", part) }}
    )
    and ledger.program_no in (
        select programmes.program_no from {{ numbered_programmes() }} as programmes where programmes.has_entitlement
    )
{%- endmacro %}

{# One row per payee and window month of dibao without a household number, and the household it belongs to. #}
{% macro payees_of_part(part) -%}
select
    payee_households.person_id,
    payee_households.month_on,
    payee_households.household_id
from {{ ref("int_measures__payee_households") }} as payee_households
where payee_households.month_on in (
    select months.month_on from {{ ref("int_measures__months") }} as months where {{ is_of_part("months", part) }}
)
{%- endmacro %}

{# One row per household that has been on the roll and was paid dibao for a window month. #}
{% macro roll_of_part(part) -%}
select household_versions.household_id
from {{ ref("int_people__household_versions") }} as household_versions
where household_versions.is_latest
    and household_versions.household_id in (
        select ledger.household_id from {{ in_part("ledger", part) }} as ledger
        where ledger.household_id is not null
        union all
        select payees.household_id from {{ in_part("payees", part) }} as payees
    )
{%- endmacro %}
