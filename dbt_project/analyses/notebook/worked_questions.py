"""The worked questions with charts, as a marimo notebook on the published warehouse.

Open it with `marimo edit dbt_project/analyses/notebook/worked_questions.py`; the home is that of
`WENDU_HOME`. Every cell reads the published state only. Answers are for analysts: what may be
published of each stands in its question.
"""

import marimo

app = marimo.App(width="medium", app_title="Wendu 温度")


@app.cell
def _():
    import altair
    import marimo as mo
    import polars as pl

    from pipelines.reporting.published import open_published
    from pipelines.reporting.questions import answer, load_questions, question
    from pipelines.settings import Home, Settings
    from pipelines.warehouse.publication import current_day

    home = Home(Settings().home)

    def ask(number):
        """The answer of a worked question; amounts and shares as plain numbers, for charts."""
        with open_published(home) as connection:
            answered = answer(connection, question(number))
        decimals = [name for name, kind in answered.schema.items() if kind.is_decimal()]
        return answered.cast(dict.fromkeys(decimals, float))

    def head(number):
        """What a question asks and how its answer is read."""
        about = question(number).about
        return mo.md(
            f"## {number} {about['zh']}\n\n{about['en']}\n\n"
            f"{about['read_zh']} {about['read_en']}\n\n"
            f"**{about['caveats_zh']}** {about['caveats_en']}\n\n"
            f"公开 Publishing: {about['publishing_zh']} {about['publishing_en']}"
        )

    mo.md(f"# 温度：常问的问题 Worked questions\n\n{current_day(home)}")
    return altair, ask, head, load_questions, mo, pl


@app.cell
def _(altair, ask, head, mo):
    steps = ask(12).drop_nulls("from_cny")
    categories = ["dibao", "tekun", "dibao_marginal", "rigid_expenditure", "relapse_watch", "ended"]
    distances = (
        altair.Chart(steps.unpivot(categories, index="from_cny", variable_name="category"))
        .mark_bar()
        .encode(
            x=altair.X("from_cny:O", title="人均收入减标准（元） income less standard, yuan"),
            y=altair.Y("value:Q", title="户 families"),
            color=altair.Color("category:N", sort=categories, title="类别 category"),
        )
    )
    mo.vstack([head(12), distances])


@app.cell
def _(altair, ask, head, mo):
    errors = ask(17).unpivot(
        ["exclusion_cases", "leakage_cases"], index="county", variable_name="error"
    )
    both_errors = (
        altair.Chart(errors)
        .mark_bar()
        .encode(
            y=altair.Y("county:N", title=None),
            x=altair.X("value:Q", title="线索 open clues"),
            yOffset="error:N",
            color=altair.Color("error:N", title=None),
        )
    )
    mo.vstack([head(17), both_errors])


@app.cell
def _(altair, ask, head, mo, pl):
    spent = (
        altair.Chart(ask(4).group_by("paid_month", "programme_zh").agg(pl.sum("amount_cny")))
        .mark_bar()
        .encode(
            y=altair.Y("programme_zh:N", sort="-x", title=None),
            x=altair.X("amount_cny:Q", title="元 yuan"),
            yOffset="paid_month:O",
            color=altair.Color("paid_month:O", title="月份 month"),
        )
    )
    mo.vstack([head(4), spent])


@app.cell
def _(altair, ask, head, mo):
    on_time = (
        altair.Chart(ask(18))
        .mark_line(point=True)
        .encode(
            x=altair.X("period:T", title=None),
            y=altair.Y("share:Q", title="按时比例 share on time", axis=altair.Axis(format="%")),
            color=altair.Color("programme_zh:N", title=None),
        )
    )
    mo.vstack([head(18), on_time])


@app.cell
def _(ask, head, load_questions, mo):
    charted = {4, 12, 17, 18}
    others = [one.number for one in load_questions() if one.number not in charted]
    mo.vstack([part for number in others for part in (head(number), mo.ui.table(ask(number)))])


if __name__ == "__main__":
    app.run()
