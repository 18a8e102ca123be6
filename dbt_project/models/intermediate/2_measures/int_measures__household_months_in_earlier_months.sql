-- One row per civil-affairs household and window month before the last on whose 1st it is active.
{{ household_months_of_part("earlier_months") }}
