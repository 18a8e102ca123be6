"""The warehouse of a day: a work database made from the lake by dbt's models, and its publication.

Belongs here: opening the work database on the shelves, running dbt, and what it ran before, in this
process, exporting and publishing atomically. Does not belong here: reading deliveries, or any rule
of assistance (those are models and policy rows in `dbt_project/`).
"""
