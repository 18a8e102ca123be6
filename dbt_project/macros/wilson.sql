{#
    One end of Wilson's interval for a share of successes; `end` is "low" or "high". Null without trials.

    (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n), with p = successes / trials.
#}
{% macro wilson_bound(successes, trials, z, end) -%}
    {%- set n = "cast(nullif(" ~ trials ~ ", 0) as double)" -%}
    {%- set p = "(cast(" ~ successes ~ " as double) / " ~ n ~ ")" -%}
    {%- set z = "cast(" ~ z ~ " as double)" -%}
    case when {{ trials }} > 0 then cast(greatest(0, least(1, (
        {{ p }} + {{ z }} * {{ z }} / (2 * {{ n }})
        {{ "-" if end == "low" else "+" }} {{ z }} * sqrt(
            greatest(0, {{ p }} * (1 - {{ p }}) / {{ n }} + {{ z }} * {{ z }} / (4 * {{ n }} * {{ n }}))
        )
    ) / (1 + {{ z }} * {{ z }} / {{ n }}))) as decimal(5, 4)) end
{%- endmacro %}
