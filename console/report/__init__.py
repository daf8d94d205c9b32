"""The month's report for the cross-border commission: figures from the log, a page in three languages, a table."""
