"""Telling people who asked for it: rules, what they noticed, messages by mail and webhook."""
