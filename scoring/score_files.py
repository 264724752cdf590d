"""What `make score` writes, by name: its files, and their columns that the page reads as well."""

from __future__ import annotations

from scoring.effect import CHURN_REDUCTION

SCORES, CONTACTS, REJECTS = "scores.parquet", "contact_list.csv", "rejects.csv"
SUMMARY, CAMPAIGN, CUSTOMERS = "summary.json", "campaign.csv", "customers.parquet"
ID = "customer_id"
REASONS = ("reason_1", "reason_2", "reason_3")
REDUCTION, GROUP, OFFER = CHURN_REDUCTION, "customer_group", "offer"  # where there is an effect
ASSIGNMENT, CONTROL_ARM, CONTACT_ARM = "assignment", "control", "contact"  # of campaign.csv
