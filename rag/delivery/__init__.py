"""Delivery: messages, SMTP, the Atom feed of issues, and the outbox that sends each at most once."""
