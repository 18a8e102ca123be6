{#
    The change log of a lake table as versions: every accepted row with the days on which it stood.

    known_from_on    received date of the row
    known_until_on   received date of the next lake row of the key, a removal included; null = current
    is_latest        no later row of the key was accepted (true for the last row of a key that left, too)
    state_from_on    as known_from_on, but open to the past for the first row of a key: before a key was first
    state_until_on   received its earliest row counts as its state; the end is exclusive, open for a current row

    Only the rows that supersede an earlier one are put in order and joined: each ends what stood between the
    superseding row before it and itself. A large append table therefore costs no window function.
#}
{% macro lake_versions(relation, key) %}(
    select
        lake_rows.*,
        lake_rows.received_on as known_from_on,
        closings.closed_on as known_until_on,
        closings.last_upsert_on is null or lake_rows.received_on >= closings.last_upsert_on as is_latest,
        case when lake_rows.supersedes then lake_rows.received_on else cast('0001-01-01' as date) end as state_from_on,
        coalesce(closings.closed_on, cast('9999-12-31' as date)) as state_until_on
    from {{ relation }} as lake_rows
    left join (
        select
            {% for column in key %}{{ column }},
            {% endfor %}received_on as closed_on,
            coalesce(
                lag(received_on) over (partition by {{ key | join(", ") }} order by received_on),
                cast('0001-01-01' as date)
            ) as closed_from_on,
            max(case when change = 'upsert' then received_on end) over (partition by {{ key | join(", ") }})
                as last_upsert_on
        from {{ relation }}
        where supersedes
    ) as closings
        on {% for column in key %}lake_rows.{{ column }} = closings.{{ column }}
        and {% endfor %}lake_rows.received_on >= closings.closed_from_on
        and lake_rows.received_on < closings.closed_on
    where lake_rows.change = 'upsert'
){% endmacro %}
