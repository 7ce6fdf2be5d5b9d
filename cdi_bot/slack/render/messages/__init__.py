"""Messages in channels: cards, replies in their threads, notices and digests."""
