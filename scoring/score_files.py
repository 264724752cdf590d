"""What `make score` writes, by name: its files, and their columns that the page reads as well."""

SCORES, CONTACTS, REJECTS = "scores.parquet", "contact_list.csv", "rejects.csv"
SUMMARY, CAMPAIGN, CUSTOMERS = "summary.json", "campaign.csv", "customers.parquet"
ID = "customer_id"
REASONS = ("reason_1", "reason_2", "reason_3")
REDUCTION, GROUP, OFFER = "churn_reduction", "customer_group", "offer"  # where there is an effect
ASSIGNMENT, CONTROL_ARM, CONTACT_ARM = "assignment", "control", "contact"  # of campaign.csv
