-- One row per disability certificate and version of it; a person may hold several.
{% set mental = "(" ~ is_of_category("versions", "5", "智力") ~ " or " ~ is_of_category("versions", "6", "精神") ~ ")" -%}
with versions as (
    select * from {{ ref("stg_disabled_federation__certificates") }}
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
        versions.certificate_key,
        versions.name_key,
        versions.category,
        versions.level,
        versions.details,
        versions.issued_on,
        versions.expires_on,
        versions.status,
        versions.changed_on,
        versions.level in ('1', '2') as is_severe,
        versions.level in ('1', '2')
        or versions.level = '3' and {{ mental }} as is_single_person_class,
        {{ mental }} as is_intellectual_or_mental,
        versions.level in ('1', '2', '3') and {{ mental }}
        or versions.level in ('1', '2') and {{ is_of_category("versions", "4", "肢体") }}
        or versions.level = '1' and {{ is_of_category("versions", "1", "视力") }} as is_without_labour_capacity,
        coalesce(divisions.current_code, substr(versions.area_code, 1, 6)) as county_code,
        versions.area_code,
        versions.known_from_on,
        versions.known_until_on,
        versions.state_from_on,
        versions.state_until_on
    from versions
    inner join keys on versions.person_key = keys.person_key
    left join divisions on substr(versions.area_code, 1, 6) = divisions.area_code
)

select * from final
