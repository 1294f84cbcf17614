"""Divisions, villages with their register, and clinics: importing, undoing, looking up."""
