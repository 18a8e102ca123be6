"""Wendu: from four departments' deliveries to a published warehouse and township lists.

The floors, from top to bottom (the tests check them):

    definitions, cli > defs > ingest | warehouse | outreach | reporting
        > quality | vault | connectors > contracts > settings

`demo_city` makes the synthetic city; nothing on these floors imports it but the command line.
"""
