"""The report of a pull request: what a change did to quality, money, data and speed."""
