{#
    The code of an alert, from the MD5 of `rule|subject|program`: `A`, ten characters, one check character. The hash is given as
    a column: written out it would stand in the text dozens of times.

    The ten characters are the first ten bytes of the hash, each modulo 32, written in Crockford's base 32 (no I, L, O, U).
    The check character is Luhn's modulo 32 over the ten: from the right every second value, beginning with the last, is
    doubled and 31 taken off where it passes 31; the check value brings the sum to a multiple of 32. A wrong character is
    always found, two swapped neighbours always except 0 and Z.
#}
{% macro alert_code_of_hash(hash) -%}
    'A'
    {%- for position in range(10) %}
    || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', {{ base_32_value(hash, position) }} + 1, 1)
    {%- endfor %}
    || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', (32 - (
        {%- for position in range(10) %}
        {% set value = base_32_value(hash, position) -%}
        {% if position % 2 == 1 -%}
        case when {{ value }} < 16 then 2 * {{ value }} else 2 * {{ value }} - 31 end
        {%- else -%}
        {{ value }}
        {%- endif %}{{ " +" if not loop.last }}
        {%- endfor %}
    ) % 32) % 32 + 1, 1)
{%- endmacro %}

{# Value modulo 32 of one byte of a hash given as hexadecimal text. #}
{% macro base_32_value(hash, position) -%}
    ((instr('0123456789abcdef', substr({{ hash }}, {{ 2 * position + 1 }}, 1)) - 1) % 2 * 16
    + instr('0123456789abcdef', substr({{ hash }}, {{ 2 * position + 2 }}, 1)) - 1)
{%- endmacro %}

{# The order of levels: the smaller the more urgent. #}
{% macro level_rank(level) -%}
    case {{ level }} when 'emergency' then 0 when 'red' then 1 when 'orange' then 2 when 'yellow' then 3 else 4 end
{%- endmacro %}
