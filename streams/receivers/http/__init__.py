"""Receivers that senders reach over HTTP."""
