{# What differs between engines, and nothing else. Each macro dispatches, so that another engine adds its own. #}

{# The day being run. It stands in the work database, so that the text of a model is the same every day; a unit test says
   its own (`overrides: {vars: {on_date: ...}}`). #}
{% macro run_date() %}{{ return(adapter.dispatch("run_date")()) }}{% endmacro %}
{% macro duckdb__run_date() -%}
    {%- if var("on_date", none) %}cast('{{ var("on_date") }}' as date){% else %}control.run_date(){% endif -%}
{%- endmacro %}

{# The day of the newest rows that a growing table held before it grows. #}
{% macro newest_held() %}{{ return(adapter.dispatch("newest_held")()) }}{% endmacro %}
{% macro duckdb__newest_held() %}getvariable('newest'){% endmacro %}

{# A date moved by whole months; a day past the month's end becomes the month's last day. #}
{% macro add_months(day, months) %}{{ return(adapter.dispatch("add_months")(day, months)) }}{% endmacro %}
{% macro duckdb__add_months(day, months) %}cast({{ day }} + to_months(cast({{ months }} as integer)) as date){% endmacro %}

{# A date moved by whole days. #}
{% macro add_days(day, days) %}{{ return(adapter.dispatch("add_days")(day, days)) }}{% endmacro %}
{% macro duckdb__add_days(day, days) %}cast({{ day }} + to_days(cast({{ days }} as integer)) as date){% endmacro %}

{# Whole days from one date to a later one. #}
{% macro days_between(earlier, later) %}{{ return(adapter.dispatch("days_between")(earlier, later)) }}{% endmacro %}
{% macro duckdb__days_between(earlier, later) %}date_diff('day', {{ earlier }}, {{ later }}){% endmacro %}

{# Seconds from one moment to a later one, and the moment at which a day ends. #}
{% macro seconds_between(earlier, later) %}{{ return(adapter.dispatch("seconds_between")(earlier, later)) }}{% endmacro %}
{% macro duckdb__seconds_between(earlier, later) %}date_diff('second', {{ earlier }}, {{ later }}){% endmacro %}
{% macro end_of_day(day) %}{{ return(adapter.dispatch("end_of_day")(day)) }}{% endmacro %}
{% macro duckdb__end_of_day(day) %}cast({{ day }} + to_days(1) as timestamp){% endmacro %}

{# First and last day of a date's month. #}
{% macro month_start(day) %}{{ return(adapter.dispatch("month_start")(day)) }}{% endmacro %}
{% macro duckdb__month_start(day) %}cast(date_trunc('month', {{ day }}) as date){% endmacro %}
{% macro month_end(day) %}{{ return(adapter.dispatch("month_end")(day)) }}{% endmacro %}
{% macro duckdb__month_end(day) %}last_day({{ day }}){% endmacro %}

{# Full years of age on a day; somebody born on 29 February is a year older on 1 March. #}
{% macro age_on(birth_on, day) %}{{ return(adapter.dispatch("age_on")(birth_on, day)) }}{% endmacro %}
{% macro duckdb__age_on(birth_on, day) -%}
    (year({{ day }}) - year({{ birth_on }}) - case
        when month({{ day }}) * 100 + day({{ day }}) < month({{ birth_on }}) * 100 + day({{ birth_on }}) then 1 else 0
    end)
{%- endmacro %}

{# One row per month, first days, both ends included: a relation to select month_on from. #}
{% macro month_spine(first_month, last_month) %}{{ return(adapter.dispatch("month_spine")(first_month, last_month)) }}{% endmacro %}
{% macro duckdb__month_spine(first_month, last_month) -%}
    (select cast(month_at as date) as month_on from generate_series(cast({{ first_month }} as timestamp), cast({{ last_month }} as timestamp), interval 1 month) as spine(month_at))
{%- endmacro %}

{# How often a whole number goes into another, both not negative. #}
{% macro whole_quotient(number, divisor) %}{{ return(adapter.dispatch("whole_quotient")(number, divisor)) }}{% endmacro %}
{% macro duckdb__whole_quotient(number, divisor) %}(({{ number }}) // {{ divisor }}){% endmacro %}

{# A whole number that two values share only by chance. It may sort or preselect; it proves nothing. #}
{% macro hash_number(value) %}{{ return(adapter.dispatch("hash_number")(value)) }}{% endmacro %}
{% macro duckdb__hash_number(value) %}case when {{ value }} is not null then hash({{ value }}) end{% endmacro %}

{# A pseudonym as it is published: 32 lower-case hexadecimal characters. #}
{% macro published_key(key) %}{{ return(adapter.dispatch("published_key")(key)) }}{% endmacro %}
{% macro duckdb__published_key(key) %}lower(hex({{ key }})){% endmacro %}

{# Texts of a group joined in a fixed order. #}
{% macro joined_text(text, separator, order_by) %}{{ return(adapter.dispatch("joined_text")(text, separator, order_by)) }}{% endmacro %}
{% macro duckdb__joined_text(text, separator, order_by) %}string_agg({{ text }}, '{{ separator }}' order by {{ order_by }}){% endmacro %}

{# Around a model whose large table must stay the probed side of its joins: estimates after several filters are too low,
   and the engine would build its hash tables on the ledger (measured: 2.5 GB in place of 1.4, and a third slower). #}
{% macro keep_large_side_probed() %}{{ return(adapter.dispatch("keep_large_side_probed")()) }}{% endmacro %}
{% macro duckdb__keep_large_side_probed() %}set disabled_optimizers = 'build_side_probe_side'{% endmacro %}
{% macro choose_join_sides() %}{{ return(adapter.dispatch("choose_join_sides")()) }}{% endmacro %}
{% macro duckdb__choose_join_sides() %}reset disabled_optimizers{% endmacro %}

{# A ratio rounded half away from zero to four decimals, exactly, of amounts with at most four decimals; null where the
   divisor is zero or the ratio is beyond what a column of ratios holds. #}
{% macro ratio(amount, divisor) %}{{ return(adapter.dispatch("ratio")(amount, divisor)) }}{% endmacro %}
{% macro duckdb__ratio(amount, divisor) -%}
    try_cast(sign({{ amount }}) * sign({{ divisor }}) * (
        (20000 * abs(cast(({{ amount }}) * 10000 as hugeint)) + abs(cast(({{ divisor }}) * 10000 as hugeint)))
        // nullif(2 * abs(cast(({{ divisor }}) * 10000 as hugeint)), 0)
    ) * cast(0.0001 as decimal(5, 4)) as decimal(10, 4))
{%- endmacro %}

{# An amount divided once and rounded half away from zero to the fen, exactly; null where the divisor is zero or null. #}
{% macro share_of(amount, divisor) %}{{ return(adapter.dispatch("share_of")(amount, divisor)) }}{% endmacro %}
{% macro duckdb__share_of(amount, divisor) -%}
    cast(sign({{ amount }}) * (
        (2 * abs(cast(({{ amount }}) * 100 as hugeint)) + ({{ divisor }})) // nullif(2 * ({{ divisor }}), 0)
    ) as decimal(20, 0)) * cast(0.01 as decimal(3, 2))
{%- endmacro %}

{# An amount as it is published; null where it is beyond what a column of amounts holds. #}
{% macro amount(value) %}{{ return(adapter.dispatch("amount")(value)) }}{% endmacro %}
{% macro duckdb__amount(value) %}try_cast({{ value }} as decimal(14, 2)){% endmacro %}

{# After `as` of a part that is read more than once: each reader reads what lies behind it, with its own filters. Without it the
   engine writes the part out once, and every reader reads all of that (measured: a sixth of the rules' time). #}
{% macro read_anew() %}{{ return(adapter.dispatch("read_anew")()) }}{% endmacro %}
{% macro duckdb__read_anew() %}not materialized{% endmacro %}
