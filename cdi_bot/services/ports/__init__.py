"""What the use cases need of the outside: Braze, Slack, the store. Adapters implement these protocols.

The errors that an adapter may raise stand here too, because the use cases decide on them; an adapter's own error
tree derives from them.
"""
