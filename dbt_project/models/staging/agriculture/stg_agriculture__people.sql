-- One row per person and delivery of the department that wrote a row about the person.
with people as (
    select * from {{ source('lake', 'agriculture__people') }}
),

final as (
    select
        person_key,
        birth_on,
        sex,
        received_on
    from people
)

select * from final
