"""Campaigns assigned at random: what a contact changed, for whom, and whom to contact next."""
