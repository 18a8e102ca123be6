"""The day as a graph: assets, checks and schedules. The only folder that imports the orchestrator.

Each asset gets its inputs, calls the floor that does the work, and reports counts. No work
stands here, and no personal value passes through: metadata carry numbers and names of tables.
"""
