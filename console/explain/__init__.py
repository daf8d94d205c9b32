"""Explaining one incident: what happened, who was told and who was not, and why."""
