-- 问题: 各乡镇手头有多少条待办线索？
-- Question: How many open clues does each township have at hand?
-- 读法: 按类别分列；soon 为 5 个工作日内到期，overdue 为已逾期；families 为涉及的家庭数（可少于线索数）。
-- How to read: By lane; soon is due within 5 working days, overdue is past its day; families are those concerned (fewer than clues).
-- 注意: 县区一级经办、没有乡镇的线索单列一行（township 为空）。
-- Caveats: Clues for the county's own offices, without a township, stand in a row of their own (township empty).
-- 公开: 乡镇的数目用于安排工作，不作考核和公开。
-- Publishing: For planning work; neither a score of townships nor for publication.
with numbers as (
    select 5 as soon_working_days
),

final as (
    select
        coalesce(counties.name, alerts.county_code) as county,
        townships.name as township,
        count(*) as open_clues,
        count(*) filter (alerts.lane = 'support') as support,
        count(*) filter (alerts.lane = 'review') as review,
        count(*) filter (alerts.lane = 'payment') as payment,
        count(*) filter (alerts.lane = 'process') as process,
        count(*) filter (alerts.days_left between 0 and numbers.soon_working_days) as soon,
        count(*) filter (alerts.is_overdue) as overdue,
        count(distinct alerts.household_key) as families
    from fct_alerts as alerts
    cross join numbers
    left join dim_areas as counties on alerts.county_code = counties.area_code
    left join dim_areas as townships on alerts.township_code = townships.area_code
    where alerts.status = 'open'
    group by all
)

select * from final
order by open_clues desc, county, township
