"""Open-loop load: requests are sent when they are due, whatever the answers do."""
