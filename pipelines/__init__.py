"""Wendu: from four departments' deliveries to a published warehouse and township lists.

The floors, from top to bottom (the tests check them):

    definitions, cli > defs > ingest | warehouse | outreach | reporting
        > quality | vault | connectors > contracts > settings

`demo_city` makes the synthetic city; nothing on these floors imports it but the command line.
"""

import os

# What a step lets go of, the libraries keep a second for the next one, in place of giving it
# back to the machine at once: a fifth of a day was the machine's, most of it clearing the same
# memory again (2026-11-28). They look here when they are loaded.
for _library in ("_RJEM_MALLOC_CONF", "DUCKDB_JE_MALLOC_CONF"):
    os.environ.setdefault(_library, "dirty_decay_ms:1000,muzzy_decay_ms:1000")
