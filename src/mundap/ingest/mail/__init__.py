"""Saved mails."""
