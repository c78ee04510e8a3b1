"""Receivers that follow files and folders."""
