"""The retention manager's page."""
