"""Entities: what phones and a desk do to them, what becomes of it, and what people decide."""
