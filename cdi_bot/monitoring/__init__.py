"""From Braze's answers to incidents and owed messages: polling, recording, evaluating, reminding."""
