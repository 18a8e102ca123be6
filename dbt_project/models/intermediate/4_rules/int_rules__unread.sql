-- One row per subject and table of which rows about it were refused and are not mended. A row about a member is about the family
-- too; where a row of a family does not tell of whom it is, it may be of every member.
with refused_rows as (
    select * from {{ ref("stg_control__refused_rows") }}
),

rows_of_tables as (
    select distinct
        row_no,
        department,
        table_name,
        title_zh,
        received_on
    from refused_rows
),

programmes as (
    select
        program,
        programme,
        unit
    from {{ ref("programmes") }}
),

households as (
    select household_id, county_code from {{ ref("int_people__households") }}
),

residence as (
    select person_id, county_code from {{ ref("int_people__residence") }}
),

members as (
    select household_id, person_id from {{ ref("int_people__members") }}
    union
    select household_id, person_id from {{ ref("int_people__watched_members") }}
),

named as (
    select
        refused_rows.*,
        keys.person_id,
        household_keys.household_id
    from refused_rows
    left join {{ ref("int_people__keys") }} as keys on refused_rows.person_key = keys.person_key
    left join {{ ref("int_people__household_keys") }} as household_keys
        on refused_rows.household_key = household_keys.household_key
),

reached as (
    select
        row_no,
        cast(null as integer) as household_id,
        person_id,
        cast(null as varchar) as subject_code
    from named
    where person_id is not null
    union
    select
        named.row_no,
        null as household_id,
        members.person_id,
        null as subject_code
    from named
    inner join members on named.household_id = members.household_id
    where named.person_key is null
    union
    select
        row_no,
        household_id,
        null as person_id,
        null as subject_code
    from named
    where household_id is not null
    union
    select
        named.row_no,
        members.household_id,
        null as person_id,
        null as subject_code
    from named
    inner join members on named.person_id = members.person_id
    union
    select
        row_no,
        null as household_id,
        null as person_id,
        number as subject_code
    from named
    where number is not null
    union
    -- What an office paid for a month lacks the row.
    select
        named.row_no,
        null as household_id,
        null as person_id,
        coalesce(households.county_code, residence.county_code, 'unknown') || ':' || programmes.programme || ':'
        || {{ year_month("named.month_on") }} as subject_code
    from named
    inner join programmes on named.program = programmes.program
    left join households on programmes.unit = 'household' and named.household_id = households.household_id
    left join residence on named.person_id = residence.person_id
    where named.month_on is not null
),

final as (
    select
        reached.household_id,
        reached.person_id,
        reached.subject_code,
        rows_of_tables.department,
        rows_of_tables.table_name,
        rows_of_tables.title_zh,
        max(rows_of_tables.received_on) as received_on,
        count(*) as refused_row_count
    from reached
    inner join rows_of_tables on reached.row_no = rows_of_tables.row_no
    group by all
)

select * from final
