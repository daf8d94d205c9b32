"""What every process of the system shares: settings, logs, health, Kafka clients, the active policy.

No rule of the domain lives here, and nothing here knows which process it serves.
"""
