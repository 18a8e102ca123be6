{#
    How a model or seed is put into the work database: by one text, the same every day, which is kept and run again without
    dbt while the project's files are as they are. Whatever else must happen, a relation of another kind dropped or the
    columns of a contract compared, is done beside it, here and there (pipelines/warehouse).

    Nobody reads the work database while it is built, so that nothing is built beside an older relation and renamed (dbt's
    own way: three to five statements a model).
#}
{% materialization table, adapter="duckdb" %}
    {{ return({"relations": [put_in_place("table")]}) }}
{% endmaterialization %}

{% materialization view, adapter="duckdb" %}
    {{ return({"relations": [put_in_place("view")]}) }}
{% endmaterialization %}

{#
    A table to which a day adds the rows known later than those it holds (column known_from_on). Who builds it drops it first
    where that is not all. A model whose text asks what the table holds (`this`, `newest_held`) names its columns in its meta, as
    `starts_as`.
#}
{% materialization growing, adapter="duckdb" %}
    {{ return({"relations": [put_in_place("table", grows=true)]}) }}
{% endmaterialization %}

{#
    A seed's rows stand in the text itself: the file may lie elsewhere when it is run again. dbt reads the file: an empty value,
    blanks alone and the word null are null.
#}
{% materialization seed, adapter="duckdb" %}
    {%- set rows = load_agate_table() -%}
    {%- set relation = this.incorporate(type="table") -%}
    {%- set types = config.get("column_types") -%}
    {%- call statement("main") -%}
        create or replace table {{ relation }} (
            {%- for name in rows.column_names %}
            {%- if name not in types %}{% do exceptions.raise_compiler_error("column_types lacks " ~ name) %}{% endif -%}
            {{ adapter.quote(name) }} {{ types[name] }}{{ ", " if not loop.last }}
            {%- endfor -%}
        )
        {%- if rows.rows %};
        insert into {{ relation }} values
            {%- for row in rows.rows %}
            ({% for value in row %}{{ "null" if value is none else sql_text(value) }}{{ ", " if not loop.last }}{% endfor %}){{ "," if not loop.last }}
            {%- endfor -%}
        {%- endif -%}
    {%- endcall -%}
    {%- do store_result("agate_table", response="OK", agate_table=rows) -%}
    {%- do adapter.commit() -%}
    {{ return({"relations": [relation]}) }}
{% endmaterialization %}

{% macro put_in_place(kind, grows=false) %}
    {%- set standing = load_cached_relation(this) -%}
    {%- set relation = this.incorporate(type=kind) -%}
    {%- if standing is not none and standing.type != kind %}{% do adapter.drop_relation(standing) %}{% endif -%}
    {%- if config.get("contract").enforced %}{% do get_assert_columns_equivalent(sql) %}{% endif -%}
    {%- call statement("main") -%}
        {%- for hook in pre_hooks %}{{ render(hook.get("sql")) }};
        {% endfor -%}
        {%- if grows -%}
            {%- if config.get("meta").get("starts_as") -%}
            create table if not exists {{ relation }} ({{ config.get("meta").get("starts_as") }});
            {%- else -%}
            create table if not exists {{ relation }} as (select * from ({{ sql }}) as grown where false);
            {%- endif %}
            set variable newest = (select coalesce(max(known_from_on), cast('0001-01-01' as date)) from {{ relation }});
            insert into {{ relation }}
            select * from ({{ sql }}) as grown
            where grown.known_from_on > {{ newest_held() }}
        {%- else -%}
            create or replace {{ kind }} {{ relation }} as ({{ sql }})
        {%- endif -%}
        {%- for hook in post_hooks %};
        {{ render(hook.get("sql")) }}{% endfor -%}
    {%- endcall -%}
    {%- do adapter.commit() -%}
    {{ return(relation) }}
{% endmacro %}
