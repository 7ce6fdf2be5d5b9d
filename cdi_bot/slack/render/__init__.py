"""What people read in Slack: pure functions from values to Block Kit.

`kit` holds what all share, `kinds` what is said of each kind of incident; messages, answers, forms and Home use both.
"""
