-- One row per civil-affairs household and last window month on whose 1st it is active.
{{ household_months_of_part("last_month") }}
