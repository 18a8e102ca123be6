-- One row per child in the children roll and version of the child's row.
with versions as (
    select * from {{ ref("stg_civil_affairs__children") }}
),

keys as (
    select * from {{ ref("int_people__keys") }}
),

divisions as (
    select * from {{ ref("divisions") }}
),

final as (
    select
        keys.person_id,
        versions.name_key,
        versions.kind,
        coalesce(divisions.current_code, substr(versions.area_code, 1, 6)) as county_code,
        coalesce(divisions.current_code, substr(versions.area_code, 1, 6)) || substr(versions.area_code, 7) as area_code,
        versions.approved_on,
        versions.ended_on,
        versions.visited_on,
        versions.is_agreement_signed,
        versions.known_from_on,
        versions.known_until_on,
        versions.state_from_on,
        versions.state_until_on
    from versions
    inner join keys on versions.person_key = keys.person_key
    left join divisions on substr(versions.area_code, 1, 6) = divisions.area_code
)

select * from final
