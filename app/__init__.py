"""The retention manager's page: it reads what `make score`, monitor and bundle have."""
