"""Declarations become typed objects here: department tables, code lists, cities, working days.

Belongs here: reading and checking YAML. Does not belong here: touching a delivery's rows.
"""
