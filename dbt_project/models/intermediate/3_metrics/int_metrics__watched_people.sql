-- One row per person who is watched: members of civil-affairs or watched households, certificate holders, children of the
-- roll, and whoever is paid a programme with an entitlement or the old-age allowance. Not the whole payroll, marriage or
-- cremation register.
with watched as (
    select person_id from {{ ref("int_people__members") }}
    union
    select person_id from {{ ref("int_people__watched_members") }}
    union
    select person_id from {{ ref("int_people__children") }}
    union
    select person_id from {{ ref("int_people__certificates") }} where known_until_on is null
    union
    select paid.beneficiary_id as person_id
    from {{ ref("int_measures__paid") }} as paid
    inner join {{ ref("programmes") }} as programmes on paid.programme = programmes.programme
    where paid.unit = 'person' and (programmes.has_entitlement or programmes.programme = 'old_age')
),

final as (
    select watched.person_id from watched
)

select * from final
