"""Tests of the notifiers, most of them against a real Kafka, the real SDK and a real mail server."""
