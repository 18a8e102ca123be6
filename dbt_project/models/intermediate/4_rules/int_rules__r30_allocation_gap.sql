-- One row per county, programme and month in which allocations, payments and entitlements differ by more than a share (R30).
with office_months as (
    select * from {{ ref("int_rules__office_months") }}
),

numbers as (
    select r30_gap_share as gap_share from {{ parameters_of_day(["r30_gap_share"]) }} as parameters_of_day
),

programme_names as (
    select * from {{ ref("programme_names") }}
),

divisions as (
    select area_code, name_zh from {{ ref("divisions") }} where valid_to is null
),

compared as (
    select
        office_months.*,
        numbers.gap_share,
        abs(allocated_cny - paid_cny) > numbers.gap_share * allocated_cny as is_gap_to_allocation,
        abs(paid_where_due_known_cny - due_cny) > numbers.gap_share * due_cny as is_gap_to_due
    from office_months
    cross join numbers
),

hits as (
    select * from compared where is_gap_to_allocation or is_gap_to_due
),

final as (
    select
        'R30' as rule_id,
        'office' as unit,
        cast(null as integer) as subject_household_id,
        cast(null as integer) as subject_person_id,
        hits.county_code || ':' || hits.programme || ':' || {{ year_month("hits.month_on") }} as subject_code,
        hits.programme,
        'orange' as level,
        cast(null as integer) as household_id,
        cast(null as integer) as person_id,
        hits.county_code,
        cast(null as varchar) as township_code,
        cast(null as varchar) as area_code,
        cast(null as decimal(14, 2)) as amount_cny,
        cast(null as decimal(10, 4)) as ratio_to_standard,
        concat_ws(
            '；',
            case when hits.is_gap_to_allocation
                then {{ yuan("hits.allocated_cny - hits.paid_cny") }} || ' 元：拨付与发放之差（拨付 ' || {{ yuan("hits.allocated_cny") }}
                    || ' 元，发放 ' || {{ yuan("hits.paid_cny") }} || ' 元）'
            end,
            case when hits.is_gap_to_due
                then {{ yuan("hits.due_cny - hits.paid_where_due_known_cny") }} || ' 元：应发与实发之差（应发 ' || {{ yuan("hits.due_cny") }}
                    || ' 元，实发 ' || {{ yuan("hits.paid_where_due_known_cny") }} || ' 元）'
            end
        ) || '，' || {{ county_zh("divisions.name_zh", "hits.county_code") }} || ' ' || programme_names.name_zh || ' ' || {{ year_month("hits.month_on") }}
            as reason_zh,
        concat_ws(
            '; ',
            case when hits.is_gap_to_allocation
                then {{ yuan("hits.allocated_cny - hits.paid_cny") }} || ' yuan between what was allocated and paid'
            end,
            case when hits.is_gap_to_due
                then {{ yuan("hits.due_cny - hits.paid_where_due_known_cny") }} || ' yuan between what was due and paid'
            end
        ) || ', county ' || hits.county_code || ', ' || programme_names.name_en || ' ' || {{ year_month("hits.month_on") }} as reason_en,
        {{ evidence_json([evidence_list([
            ("hits.is_gap_to_allocation", evidence_term(
                "'finance.allocations'", "coalesce(hits.allocation_no, hits.county_code)", "'allocated_cny'", "hits.allocated_cny",
                "hits.month_on", "yuan", "start"
            )),
            ("hits.is_gap_to_allocation", evidence_term(
                "'finance.payments'", "hits.county_code", "'paid_cny'", "hits.paid_cny", "hits.month_on", "yuan", "minus"
            )),
            ("hits.is_gap_to_allocation", rule_term(
                "R30", "difference_cny", "cast(hits.allocated_cny - hits.paid_cny as decimal(20, 2))", "hits.month_on", "yuan", "result"
            )),
            ("hits.is_gap_to_due", evidence_term(
                "'civil_affairs.households'", "hits.county_code", "'due_cny'", "hits.due_cny", "hits.month_on", "yuan", "start"
            )),
            ("hits.is_gap_to_due", evidence_term(
                "'finance.payments'", "hits.county_code", "'paid_where_due_known_cny'", "hits.paid_where_due_known_cny",
                "hits.month_on", "yuan", "minus"
            )),
            ("hits.is_gap_to_due", rule_term(
                "R30", "difference_cny", "cast(hits.due_cny - hits.paid_where_due_known_cny as decimal(20, 2))", "hits.month_on",
                "yuan", "result"
            )),
            ("true", parameter_term("r30_gap_share", "hits.gap_share", "ratio")),
        ])]) }} as evidence,
        '拨付与发放的口径和时间差、名册变更，尚不清楚' as unknown_zh,
        cast(null as varchar) as inhibited_by,
        true as is_judged
    from hits
    left join programme_names on hits.programme = programme_names.programme
    left join divisions on hits.county_code = divisions.area_code
)

select * from final
