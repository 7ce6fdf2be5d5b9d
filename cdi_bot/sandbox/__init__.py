"""Stand-ins for Braze and Slack over their real wire protocols, with a page to watch and play with them."""

from cdi_bot.sandbox.server import Sandbox

__all__ = ["Sandbox"]
