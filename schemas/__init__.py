"""The contract: every topic, record and policy model of the system. Read ``topics.py`` first.

Everything here is pure: no Kafka, no clock, no files except the policy loader in ``schemas.policy``.
"""
