"""Campaigns drawn by lot: what a contact changed, for whom, and whom to contact next."""
