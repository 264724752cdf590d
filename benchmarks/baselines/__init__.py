"""What the prediction service is measured against."""
