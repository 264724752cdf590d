"""The gate: whether a challenger replaces the champion, judged on customers that neither saw."""
