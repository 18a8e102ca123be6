{# Whether a row of int_people__certificates is valid on a day; a status that changed later still counts as it was. #}
{% macro is_certificate_valid(certificates, day) -%}
    (({{ certificates }}.status = '1' or {{ certificates }}.changed_on > {{ day }})
    and {{ certificates }}.issued_on <= {{ day }}
    and ({{ certificates }}.expires_on is null or {{ certificates }}.expires_on >= {{ day }}))
{%- endmacro %}

{# Whether a certificate is of a category, by itself or as one of the details of a multiple disability. #}
{% macro is_of_category(certificates, category, name) -%}
    ({{ certificates }}.category = '{{ category }}'
    or {{ certificates }}.category = '7' and coalesce({{ certificates }}.details like '%{{ name }}%', false))
{%- endmacro %}
