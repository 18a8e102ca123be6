{#
    How a model is put into the work database, in one statement.

    Nobody reads the work database while it is built, so that nothing is built beside an older relation and renamed (dbt's
    own way: three to five statements a model). A table takes the place of the one before it; a view, and whatever was of
    another kind, is dropped first. Contracts are enforced as ever: dbt's `create … as` checks them.
#}
{% materialization table, adapter="duckdb" %}
    {{ return({"relations": [put_in_place("table")]}) }}
{% endmaterialization %}

{% materialization view, adapter="duckdb" %}
    {{ return({"relations": [put_in_place("view")]}) }}
{% endmaterialization %}

{#
    A table to which a day adds the rows known later than those it holds (column known_from_on). Who builds it drops it first
    where that is not all.
#}
{% materialization growing, adapter="duckdb" %}
    {%- if load_cached_relation(this) is none -%}{{ return({"relations": [put_in_place("table")]}) }}{%- endif -%}
    {%- set relation = this.incorporate(type="table") -%}
    {%- set newest = run_query("select max(known_from_on) from " ~ relation).rows[0][0] -%}
    {%- call statement("main") -%}
        insert into {{ relation }}
        select * from ({{ sql }}) as grown
        {% if newest is not none %}where grown.known_from_on > cast('{{ newest }}' as date){% endif %}
    {%- endcall -%}
    {%- do adapter.commit() -%}
    {{ return({"relations": [relation]}) }}
{% endmaterialization %}

{% macro put_in_place(type) %}
    {%- set standing = load_cached_relation(this) -%}
    {%- set relation = this.incorporate(type=type) -%}
    {%- set is_plain_table = type == "table" and not config.get("contract").enforced -%}
    {{ run_hooks(pre_hooks) }}
    {%- if standing is not none and not (is_plain_table and standing.is_table) %}{% do adapter.drop_relation(standing) %}{% endif -%}
    {%- call statement("main") -%}
        {%- if is_plain_table -%}
            create or replace table {{ relation }} as ({{ sql }})
        {%- elif type == "table" -%}
            {{ create_table_as(False, relation, sql) }}
        {%- else -%}
            {{ get_create_view_as_sql(relation, sql) }}
        {%- endif -%}
    {%- endcall -%}
    {{ run_hooks(post_hooks) }}
    {%- do adapter.commit() -%}
    {{ return(relation) }}
{% endmacro %}
