"""What goes out to people in the townships: workbooks now; sending and replies later.

Belongs here: turning published alerts into files a caseworker opens. Does not belong here:
deciding who is on a list (rules), or opening the vault beyond asking it for masked names.
"""
