"""The canary: a challenger takes over in steps, each checked on live figures, and goes back."""
