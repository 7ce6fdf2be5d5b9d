"""Which share of the requests goes where, 0.0 to 1.0."""

PAGES_SHARE = 0.8
"""The share of the list limit that polling uses; the rest is for the customer's other tools."""

CALLS_SHARE = 0.7
"""The share of the status limit that polling uses; with what is kept for commands it makes 80 %."""

VERIFY_INTERVALS = 10
"""In case the list is wrong, the status of a listed integration is asked every so many poll intervals all the same."""

VERIFY_SHARE = 0.1
"""The share of all status calls that these checks may take."""

CALLS_IN_TURN = 0.5
"""The share of all status calls that ask integrations in turn, where the limits are too low for the poll interval."""

PAGES_IN_TURN = 0.7
"""The share of all page requests that read pages in turn, so that what could not be expected is seen soon too."""

UNSUBSCRIBED_WEIGHT = 0.02
"""The value of an ended run of an integration that nobody is subscribed to; that of the others is 1."""

UNSUBSCRIBED_SHARE = 0.1
"""The share of all page requests that may read pages without any subscribed integration."""
