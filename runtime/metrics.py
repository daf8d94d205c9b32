"""Every metric of the system in one list, each with what it says."""

from prometheus_client import Counter, Gauge, Histogram

EVENTS_ROUTED = Counter("borderlands_events_routed", "Events the router decided, by outcome", ["outcome"])
SERVICE_EVENTS = Counter(
    "borderlands_service_events", "Events about the system itself that the router decided, by kind", ["kind"]
)
CANARY_SECONDS = Gauge(
    "borderlands_canary_last_seconds",
    "How long the last canary of a partition took, from its event to its acceptance or delivery",
    ["partition", "hop"],
)
CANARY_AGE = Gauge(
    "borderlands_canary_age_seconds", "How long ago the last canary of a partition came through", ["partition"]
)
DEAD_MAN_CALLS = Counter(
    "borderlands_dead_man_calls", "Calls to the outside monitor that all is well, by outcome", ["outcome"]
)
RECORDS_REJECTED = Counter(
    "borderlands_records_rejected", "Records refused and written to events.rejected, by reason", ["reason"]
)
NOTIFICATIONS_EMITTED = Counter(
    "borderlands_notifications_emitted", "Notifications the dispatcher ordered", ["channel", "lane", "template"]
)
TRANSACTIONS = Histogram(
    "borderlands_dispatcher_transaction_seconds",
    "Duration of a dispatcher transaction",
    buckets=(
        *(0.001, 0.0015, 0.002, 0.003, 0.004, 0.005, 0.006, 0.008, 0.01, 0.012, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05),
        *(0.065, 0.08, 0.1, 0.125, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10),
    ),
)
QUARANTINED = Counter("borderlands_incidents_quarantined", "Incidents set aside because a record could not be applied")
DELIVERIES = Counter(
    "borderlands_deliveries",
    "Outcomes of attempts to send, by channel, reason and template: canaries are told apart by it",
    ["channel", "delivery", "reason", "template"],
)
PROVIDER_SECONDS = Histogram(
    "borderlands_provider_request_seconds",
    "Duration of a provider request",
    ["channel"],
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
PROVIDER_UP = Gauge(
    "borderlands_provider_up", "1 while a provider takes messages, 0 while it is passed over", ["channel", "provider"]
)
PROVIDER_SWITCHES = Counter(
    "borderlands_provider_switches",
    "Notifications that a provider definitely did not take and that went on to the next one",
    ["channel", "provider", "reason"],
)
SMPP_DELIVERIES = Counter(
    "borderlands_smpp_deliveries",
    "What an SMPP provider delivered to us, by kind and what became of it",
    ["kind", "outcome"],
)
SEGMENTS = Counter("borderlands_sms_segments", "SMS parts handed to a provider", ["encoding"])
CALLBACKS = Counter(
    "borderlands_gateway_callbacks", "Requests at the gateway's door, by kind and what came of them", ["kind", "result"]
)
CALLBACK_SECONDS = Histogram(
    "borderlands_gateway_callback_seconds",
    "From a request's arrival to its answer",
    ["kind"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10),
)
REPLIES = Counter("borderlands_replies", "Inbound texts, by what each came to", ["result"])
REPLIES_FETCHED = Counter("borderlands_replies_fetched", "Inbound texts that only the provider's list brought")
LISTINGS = Counter("borderlands_gateway_listings", "Readings of the provider's list of received texts", ["result"])
COURTESY = Counter(
    "borderlands_courtesy_replies", "Polite replies to inbound texts, by kind and what came of them", ["kind", "result"]
)
DIRECTORY_READS = Counter(
    "borderlands_directory_reads",
    "Changes of the private directory, by what came of reading them",
    ["result"],
)
DIRECTORY_CURRENT = Gauge(
    "borderlands_directory_current", "1 while the newest private directory is in use, 0 while an older one is kept"
)
LAG = Gauge("borderlands_lag_records", "Records written and not yet handled, by topic", ["topic"])
HEALTHY = Gauge("borderlands_healthy", "1 while the process's lag is zero or shrinking")
