"""The words of the domain as enumerations: CAP 1.2 values, our event types, needs, hazards, outcomes.

CAP values keep CAP's spelling. Event types are our own list, each mapped to a CAP category and to a code of
the OASIS Event Terms List 1.2; where that list has no term (peat fire, poaching, border crossing, camera
request, patrol) the nearest code stands, as the list itself recommends.
"""

from dataclasses import dataclass
from enum import StrEnum


class EventKind(StrEnum):
    """What a report does to its incident."""

    REPORT = "report"
    UPDATE = "update"
    CANCEL = "cancel"
    ALL_CLEAR = "all_clear"


class Status(StrEnum):
    """CAP ``status``."""

    ACTUAL = "Actual"
    EXERCISE = "Exercise"
    SYSTEM = "System"
    TEST = "Test"
    DRAFT = "Draft"


class Origin(StrEnum):
    """Whether real people may be reached (``live``) or only the exercise directory."""

    LIVE = "live"
    EXERCISE = "exercise"


class Severity(StrEnum):
    """CAP ``severity``, from worst to unknown."""

    EXTREME = "Extreme"
    SEVERE = "Severe"
    MODERATE = "Moderate"
    MINOR = "Minor"
    UNKNOWN = "Unknown"

    @property
    def rank(self) -> int:
        """4 for Extreme down to 1 for Minor. Unknown counts as Moderate: not knowing is no reason to wait."""
        return {"Extreme": 4, "Severe": 3, "Moderate": 2, "Minor": 1, "Unknown": 2}[self.value]


class Urgency(StrEnum):
    """CAP ``urgency``."""

    IMMEDIATE = "Immediate"
    EXPECTED = "Expected"
    FUTURE = "Future"
    PAST = "Past"
    UNKNOWN = "Unknown"


class Certainty(StrEnum):
    """CAP ``certainty``."""

    OBSERVED = "Observed"
    LIKELY = "Likely"
    POSSIBLE = "Possible"
    UNLIKELY = "Unlikely"
    UNKNOWN = "Unknown"


class EventType(StrEnum):
    """What happened, in our own list; see ``EVENT_TYPES`` for the mapping to CAP and OASIS terms."""

    STRUCTURE_FIRE = "structure_fire"
    FOREST_FIRE = "forest_fire"
    PEAT_FIRE = "peat_fire"
    GRASS_FIRE = "grass_fire"
    VEHICLE_FIRE = "vehicle_fire"
    FLOOD = "flood"
    WATER_POLLUTION = "water_pollution"
    ILLEGAL_FISHING = "illegal_fishing"
    ROAD_ACCIDENT = "road_accident"
    HAZMAT = "hazmat"
    MISSING_PERSON = "missing_person"
    WATER_RESCUE = "water_rescue"
    ICE_RESCUE = "ice_rescue"
    PUBLIC_DISORDER = "public_disorder"
    THEFT = "theft"
    VEHICLE_THEFT = "vehicle_theft"
    SUSPICIOUS_PERSON = "suspicious_person"
    SUSPICIOUS_VEHICLE = "suspicious_vehicle"
    BORDER_CROSSING = "border_crossing"
    EXTREME_WEATHER = "extreme_weather"
    ANIMAL_DISEASE = "animal_disease"
    POWER_OUTAGE = "power_outage"
    HEAT_OUTAGE = "heat_outage"
    MEDICAL = "medical"
    CCTV_REQUEST = "cctv_request"
    JOINT_PATROL = "joint_patrol"
    OTHER = "other"


@dataclass(frozen=True)
class EventTypeInfo:
    """How one event type reads in other vocabularies.

    ``cap_category`` is a CAP 1.2 category, ``oasis_code`` a code of the OASIS Event Terms List 1.2 (three
    digits), ``police`` marks types that cross the border only as a referral without personal data.
    """

    cap_category: str
    oasis_code: str
    police: bool = False


EVENT_TYPES: dict[EventType, EventTypeInfo] = {
    EventType.STRUCTURE_FIRE: EventTypeInfo("Fire", "190"),
    EventType.FOREST_FIRE: EventTypeInfo("Fire", "086"),
    EventType.PEAT_FIRE: EventTypeInfo("Fire", "217"),
    EventType.GRASS_FIRE: EventTypeInfo("Fire", "094"),
    EventType.VEHICLE_FIRE: EventTypeInfo("Fire", "078"),
    EventType.FLOOD: EventTypeInfo("Met", "081"),
    EventType.WATER_POLLUTION: EventTypeInfo("Env", "047"),
    EventType.ILLEGAL_FISHING: EventTypeInfo("Env", "075"),
    EventType.ROAD_ACCIDENT: EventTypeInfo("Transport", "167"),
    EventType.HAZMAT: EventTypeInfo("CBRNE", "037"),
    EventType.MISSING_PERSON: EventTypeInfo("Rescue", "130", police=True),
    EventType.WATER_RESCUE: EventTypeInfo("Rescue", "139"),
    EventType.ICE_RESCUE: EventTypeInfo("Rescue", "162"),
    EventType.PUBLIC_DISORDER: EventTypeInfo("Security", "120", police=True),
    EventType.THEFT: EventTypeInfo("Security", "104", police=True),
    EventType.VEHICLE_THEFT: EventTypeInfo("Security", "207", police=True),
    EventType.SUSPICIOUS_PERSON: EventTypeInfo("Security", "177", police=True),
    EventType.SUSPICIOUS_VEHICLE: EventTypeInfo("Security", "177", police=True),
    EventType.BORDER_CROSSING: EventTypeInfo("Security", "177", police=True),
    EventType.EXTREME_WEATHER: EventTypeInfo("Met", "187"),
    EventType.ANIMAL_DISEASE: EventTypeInfo("Health", "013"),
    EventType.POWER_OUTAGE: EventTypeInfo("Infra", "145"),
    EventType.HEAT_OUTAGE: EventTypeInfo("Infra", "206"),
    EventType.MEDICAL: EventTypeInfo("Health", "000"),
    EventType.CCTV_REQUEST: EventTypeInfo("Security", "177", police=True),
    EventType.JOINT_PATROL: EventTypeInfo("Security", "120", police=True),
    EventType.OTHER: EventTypeInfo("Other", "000"),
}


class NeedKind(StrEnum):
    """What can be asked for: kinds the agreements' parties own or have named."""

    FIRE_TANKER = "fire_tanker"
    FIREFIGHTERS = "firefighters"
    VOLUNTEERS = "volunteers"
    PUMP = "pump"
    BOAT = "boat"
    DIVERS = "divers"
    RESCUE_DOG = "rescue_dog"
    DRONE = "drone"
    THERMAL_CAMERA = "thermal_camera"
    GENERATOR = "generator"
    ABSORBENT_BOOM = "absorbent_boom"
    SANDBAGS = "sandbags"
    CHAINSAW_CREW = "chainsaw_crew"
    TRACTOR = "tractor"
    QUADRICYCLE = "quadricycle"
    BUS = "bus"
    SHELTER_PLACES = "shelter_places"
    INTERPRETER = "interpreter"


class Hazard(StrEnum):
    """What endangers those who come to help."""

    SMOKE = "smoke"
    GAS = "gas"
    ELECTRICITY = "electricity"
    CHEMICALS = "chemicals"
    EXPLOSIVES = "explosives"
    COLLAPSE = "collapse"
    DEEP_WATER = "deep_water"
    THIN_ICE = "thin_ice"
    FALLING_TREES = "falling_trees"
    BURNING_PEAT = "burning_peat"
    TRAFFIC = "traffic"
    ANIMALS = "animals"
    INFECTION = "infection"


class Channel(StrEnum):
    """How a contact is reached."""

    SMS = "sms"
    EMAIL = "email"


class Lane(StrEnum):
    """Whether a notification may wait behind others. A lane never falls once an incident was urgent."""

    URGENT = "urgent"
    ROUTINE = "routine"


class Action(StrEnum):
    """What an agreement's clause does with an event."""

    HELP = "help"
    INFORM = "inform"
    REFER = "refer"


class Template(StrEnum):
    """Which text a notification is rendered with.

    ``help``, ``inform`` and ``refer`` are first alerts. ``answered`` and ``unanswered`` go back to the asking side,
    ``enough`` to those of a group who need not come any more. The last four are about the system itself.
    """

    HELP = "help"
    INFORM = "inform"
    REFER = "refer"
    UPDATE = "update"
    CANCEL = "cancel"
    ALL_CLEAR = "all_clear"
    ANSWERED = "answered"
    UNANSWERED = "unanswered"
    ENOUGH = "enough"
    CHECK = "check"
    CONTACT_LOST = "contact_lost"
    CONTACT_BACK = "contact_back"
    CANARY = "canary"


EVENT_TEMPLATES = frozenset(
    {Template.HELP, Template.INFORM, Template.REFER, Template.UPDATE, Template.CANCEL, Template.ALL_CLEAR}
)
"""Templates that tell of an event itself."""


ANSWER_TEMPLATES = frozenset({Template.ANSWERED, Template.UNANSWERED, Template.ENOUGH})
"""Templates that tell what became of a request."""

SERVICE_TEMPLATES = frozenset({Template.CHECK, Template.CONTACT_LOST, Template.CONTACT_BACK, Template.CANARY})
"""Templates about the system itself, which alone may have status System."""


class ServiceKind(StrEnum):
    """What a service event, which tells of no emergency, is for; each has a template of the same name."""

    CHECK = "check"
    CONTACT_LOST = "contact_lost"
    CONTACT_BACK = "contact_back"
    CANARY = "canary"


class Stage(StrEnum):
    """The router's stages, in the order they are judged."""

    INTAKE = "intake"
    AUTHORITY = "authority"
    PLACE = "place"
    AGREEMENT = "agreement"
    COMPETENCE = "competence"
    CLAUSE = "clause"
    REDACTION = "redaction"
    RECIPIENTS = "recipients"


class Judgement(StrEnum):
    """What a stage said: go on, go on with a warning, or stop here."""

    PASS = "pass"  # noqa: S105 - a verdict, not a secret
    WARN = "warn"
    STOP = "stop"


class DecisionOutcome(StrEnum):
    """How a decision ended: somebody to tell, a follow-up for those already told, nobody, or refused."""

    ROUTED = "routed"
    FOLLOW_UP = "follow_up"
    NO_ROUTE = "no_route"
    REJECTED = "rejected"


class RejectionReason(StrEnum):
    """Why a record was refused. Bounded: also log action and metric label."""

    NOT_JSON = "not_json"
    TOO_LARGE = "too_large"
    WRONG_VERSION = "wrong_version"
    WRONG_RECORD = "wrong_record"
    INVALID = "invalid"
    UNKNOWN_TYPE = "unknown_type"
    NO_ORIGIN = "no_origin"
    UNKNOWN_PARTY = "unknown_party"
    NOT_AUTHORISED = "not_authorised"
    PLACE_UNKNOWN = "place_unknown"
    PLACE_OUTSIDE = "place_outside"
    PLACE_CONTRADICTS = "place_contradicts"
    EXPIRED = "expired"
    FROM_THE_FUTURE = "from_the_future"
    TOO_OLD = "too_old"
    REPLAYED = "replayed"
    NOT_FOR_SENDING = "not_for_sending"
    INTERNAL_ERROR = "internal_error"


class ReceiptKind(StrEnum):
    """What a receipt says about a notification (or, without one, about an event or incident)."""

    CLAIM = "claim"
    RELEASE = "release"
    OUTCOME = "outcome"
    END = "end"


class Delivery(StrEnum):
    """Where one notification stands; a sentence each in docs/guarantees.md."""

    PENDING = "pending"
    CLAIMED = "claimed"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    UNKNOWN = "unknown"
    FAILED_TEMP = "failed_temp"
    FAILED_PERM = "failed_perm"
    EXPIRED = "expired"
    SUPPRESSED = "suppressed"


class ReceiptReason(StrEnum):
    """Why a notification ended as it did. Bounded: also log action and metric label."""

    ACCEPTED = "accepted"
    RECONCILED_SENT = "reconciled_sent"
    RECONCILED_NOT_SENT = "reconciled_not_sent"
    CLAIM_LAPSED = "claim_lapsed"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    RATE_LIMITED = "rate_limited"
    PROVIDER_ERROR = "provider_error"
    AUTHENTICATION = "authentication"
    INVALID_ADDRESS = "invalid_address"
    NO_ADDRESS = "no_address"
    UNKNOWN_CONTACT = "unknown_contact"
    RECIPIENT_STOPPED = "recipient_stopped"
    CONTENT_REFUSED = "content_refused"
    TEXT_UNRENDERABLE = "text_unrenderable"
    ORIGIN_MISMATCH = "origin_mismatch"
    REPLAYED = "replayed"
    NOT_FOR_SENDING = "not_for_sending"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"
    UNKNOWN_INCIDENT = "unknown_incident"
    NOTHING_OWED = "nothing_owed"
    NOT_AUTHORISED = "not_authorised"
    STATUS_CONFLICT = "status_conflict"
    DUPLICATE = "duplicate"
    STALE_ATTEMPT = "stale_attempt"
    ANSWERED = "answered"
    NOBODY_ANSWERED = "nobody_answered"
    NOT_SENT_IN_TIME = "not_sent_in_time"
    STOPPED_BY_SWITCH = "stopped_by_switch"
    DIGESTED = "digested"
    UNDELIVERED = "undelivered"
    DELIVERED = "delivered"
    QUARANTINED = "quarantined"


class ReplyProblem(StrEnum):
    """Why a reply could not be taken as an answer. Bounded: also metric label."""

    UNKNOWN_NUMBER = "unknown_number"
    UNKNOWN_CODE = "unknown_code"
    WHICH_REQUEST = "which_request"
    NOTHING_OPEN = "nothing_open"
    TOO_LATE = "too_late"
    NOT_UNDERSTOOD = "not_understood"


class ReplyKind(StrEnum):
    """The short replies to what people text back: the problems of ``ReplyProblem``, and STOP and START confirmed."""

    WHICH_REQUEST = "which_request"
    TOO_LATE = "too_late"
    UNKNOWN_CODE = "unknown_code"
    UNKNOWN_NUMBER = "unknown_number"
    NOTHING_OPEN = "nothing_open"
    NOT_UNDERSTOOD = "not_understood"
    STOPPED = "stopped"
    STARTED = "started"


class Answer(StrEnum):
    """What a recipient answered."""

    RECEIVED = "received"
    ACCEPT = "accept"
    PARTIAL = "partial"
    DECLINE = "decline"
    DEFER = "defer"
