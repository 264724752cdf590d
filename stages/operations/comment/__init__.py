"""The report as a comment on its pull request, from the standard library and CML alone.

The job that posts may write to pull requests: nothing is installed for it but CML.
"""
