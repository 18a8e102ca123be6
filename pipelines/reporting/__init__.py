"""What is told of a published day to people who run or read it: summaries; later the bulletin.

Reads what was published, receipts and run records. Does not belong here: lists for caseworkers
(outreach), computing anything that a mart should hold.
"""
