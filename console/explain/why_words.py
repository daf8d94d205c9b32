"""The words in which `borderlands why` answers, in three languages. What the rules recorded is quoted as it stands."""

from schemas.base import Lang

Words = dict[Lang, str]

TOLD: Words = {
    "en": "{who} was told on {when}: {what} by {channel}.",
    "lv": "{who}: ziņots {when}, {what} ({channel}).",
    "lt": "{who}: pranešta {when}, {what} ({channel}).",
}
NOT_TOLD: Words = {
    "en": "{who} was not told: {why}.",
    "lv": "{who}: nav ziņots, jo {why}.",
    "lt": "{who}: nepranešta, nes {why}.",
}
STAGE: Words = {
    "en": "It stopped at “{stage}” ({reason}). The log says: “{detail}”.",
    "lv": "Apstājās pie “{stage}” ({reason}). Žurnālā: “{detail}”.",
    "lt": "Sustojo ties „{stage}“ ({reason}). Žurnale: „{detail}“.",
}
RULE: Words = {
    "en": "Rule: clause {clause} of agreement {agreement}{where}, policy {version}. The log says: “{detail}”.",
    "lv": "Noteikums: vienošanās {agreement} punkts {clause}{where}, politika {version}. Žurnālā: “{detail}”.",
    "lt": "Taisyklė: susitarimo {agreement} punktas {clause}{where}, politika {version}. Žurnale: „{detail}“.",
}
ASKED_BY: Words = {
    "en": "{who} reported it ({event}): {kind}, {severity}.",
    "lv": "Ziņoja {who} ({event}): {kind}, {severity}.",
    "lt": "Pranešė {who} ({event}): {kind}, {severity}.",
}
STEP: Words = {
    "en": "It was asked on step {step} of the ladder{why}.",
    "lv": "Jautāts izziņošanas {step}. solī{why}.",
    "lt": "Klausta {step}-uoju pranešimo žingsniu{why}.",
}
DUTY: Words = {
    "en": "On duty at that minute: {why}.",
    "lv": "Tajā minūtē dežurēja: {why}.",
    "lt": "Tą minutę budėjo: {why}.",
}
SENT: Words = {
    "en": "What was sent: {text}",
    "lv": "Nosūtītais teksts: {text}",
    "lt": "Išsiųstas tekstas: {text}",
}
CAME_OF_IT: Words = {
    "en": "What became of it: {delivery}{when}.",
    "lv": "Kas ar to notika: {delivery}{when}.",
    "lt": "Kas su juo nutiko: {delivery}{when}.",
}
ANSWERED: Words = {
    "en": "It answered on {when}: {answer}{text}.",
    "lv": "Atbildēja {when}: {answer}{text}.",
    "lt": "Atsakė {when}: {answer}{text}.",
}
NO_ANSWER: Words = {
    "en": "No answer came.",
    "lv": "Atbildes nebija.",
    "lt": "Atsakymo nebuvo.",
}
NOTHING_KNOWN: Words = {
    "en": "Nothing on the log concerns {who}: no text was ordered, and no rule names it.",
    "lv": "Žurnālā nav nekā par {who}: nekas nav sūtīts, un neviens noteikums to nenosauc.",
    "lt": "Žurnale nieko nėra apie {who}: niekas nesiųsta, ir jokia taisyklė to nemini.",
}
REPORTER: Words = {
    "en": "{who} reported this incident itself.",
    "lv": "{who}: pats ziņoja par šo notikumu.",
    "lt": "{who}: pati pranešė apie šį įvykį.",
}

STOPPED: dict[str, Words] = {
    "undecided": {"en": "the router has not decided yet", "lv": "vēl nav izlemts", "lt": "dar nenuspręsta"},
    "verdict": {"en": "a rule said no", "lv": "noteikums to neparedz", "lt": "taisyklė to nenumato"},
    "no_agreement": {
        "en": "no agreement covers this",
        "lv": "neviena vienošanās to neaptver",
        "lt": "joks susitarimas to neapima",
    },
    "nobody_holds": {"en": "nobody holds the role", "lv": "nevienam nav šīs lomas", "lt": "niekas neturi šio vaidmens"},
    "no_channel": {
        "en": "the ladder's channels do not reach it",
        "lv": "šajā kanālā nav sasniedzams",
        "lt": "šiuo kanalu nepasiekiamas",
    },
    "not_on_duty": {"en": "it was not on duty", "lv": "nebija dežūrā", "lt": "nebudėjo"},
    "not_reached": {
        "en": "the ladder ended before its step",
        "lv": "līdz šim solim nenonāca",
        "lt": "iki šio žingsnio neprieita",
    },
    "not_yet": {
        "en": "its step has not come yet",
        "lv": "tās solis vēl nav pienācis",
        "lt": "jos žingsnis dar neatėjo",
    },
    "dismissed": {
        "en": "enough help was on its way already",
        "lv": "palīdzības jau pietika",
        "lt": "pagalbos jau užteko",
    },
    "held": {"en": "a stop switch was on", "lv": "sūtīšana bija apturēta", "lt": "siuntimas buvo sustabdytas"},
    "under_way": {"en": "the text is still on its way", "lv": "teksts vēl ir ceļā", "lt": "tekstas dar kelyje"},
    "recipient_stopped": {
        "en": "the contact asked for no more texts (STOP)",
        "lv": "kontaktpersona atteicās no ziņām (STOP)",
        "lt": "kontaktas atsisakė žinučių (STOP)",
    },
    "superseded": {
        "en": "a newer text took its place",
        "lv": "to aizstāja jaunāks teksts",
        "lt": "jį pakeitė naujesnis tekstas",
    },
    "cancelled": {"en": "it was called off before", "lv": "tas pirms tam atsaukts", "lt": "tai prieš tai atšaukta"},
    "answered": {"en": "it was answered already", "lv": "atbilde jau bija", "lt": "jau buvo atsakyta"},
    "expired": {"en": "its time was over", "lv": "bija beidzies termiņš", "lt": "baigėsi terminas"},
    "failed": {"en": "the provider could not deliver it", "lv": "neizdevās piegādāt", "lt": "nepavyko pristatyti"},
    "not_sent": {"en": "it was not sent on purpose", "lv": "tīši netika sūtīts", "lt": "tyčia nesiųsta"},
}  # native check

STAGES: dict[str, Words] = {
    "router": {"en": "router", "lv": "maršrutēšana", "lt": "maršrutas"},
    "intake": {"en": "intake", "lv": "pieņemšana", "lt": "priėmimas"},
    "authority": {"en": "authority", "lv": "pilnvaras", "lt": "įgaliojimai"},
    "place": {"en": "place", "lv": "vieta", "lt": "vieta"},
    "agreement": {"en": "agreement", "lv": "vienošanās", "lt": "susitarimas"},
    "competence": {"en": "competence", "lv": "kompetence", "lt": "kompetencija"},
    "clause": {"en": "clause", "lv": "punkts", "lt": "punktas"},
    "redaction": {"en": "redaction", "lv": "datu ierobežošana", "lt": "duomenų ribojimas"},
    "recipients": {"en": "recipients", "lv": "saņēmēji", "lt": "gavėjai"},
    "ladder": {"en": "ladder", "lv": "izziņošanas secība", "lt": "pranešimo eilė"},
    "duty": {"en": "duty roster", "lv": "dežūru grafiks", "lt": "budėjimo grafikas"},
    "sending": {"en": "sending", "lv": "sūtīšana", "lt": "siuntimas"},
}  # native check

BOUNDED: dict[str, Words] = {
    "help": {"en": "a request for help", "lv": "lūgums palīdzēt", "lt": "pagalbos prašymas"},
    "inform": {"en": "information", "lv": "informācija", "lt": "informacija"},
    "refer": {"en": "a referral", "lv": "nodošana pēc piekritības", "lt": "perdavimas pagal kompetenciją"},
    "update": {"en": "an update", "lv": "papildinājums", "lt": "patikslinimas"},
    "cancel": {"en": "a cancellation", "lv": "atcelšana", "lt": "atšaukimas"},
    "all_clear": {"en": "the all-clear", "lv": "briesmas beigušās", "lt": "pavojus praėjo"},
    "answered": {"en": "news of an answer", "lv": "ziņa par atbildi", "lt": "žinia apie atsakymą"},
    "unanswered": {
        "en": "news that nobody answered",
        "lv": "ziņa, ka neviens neatbildēja",
        "lt": "žinia, kad niekas neatsakė",
    },
    "enough": {"en": "that enough help comes", "lv": "ka palīdzības pietiek", "lt": "kad pagalbos užtenka"},
    "check": {"en": "a check of the contact", "lv": "kontakta pārbaude", "lt": "kontakto patikra"},
    "sms": {"en": "SMS", "lv": "īsziņa", "lt": "SMS"},
    "email": {"en": "e-mail", "lv": "e-pasts", "lt": "el. paštas"},
    "pending": {"en": "not taken in hand yet", "lv": "vēl nav apstrādāts", "lt": "dar neapdorota"},
    "claimed": {"en": "in hand", "lv": "tiek sūtīts", "lt": "siunčiama"},
    "sent": {"en": "a provider took it", "lv": "operators pieņēma", "lt": "operatorius priėmė"},
    "delivered": {"en": "delivered", "lv": "piegādāts", "lt": "pristatyta"},
    "read": {"en": "read", "lv": "izlasīts", "lt": "perskaityta"},
    "unknown": {"en": "not known whether it went out", "lv": "nav zināms, vai nosūtīts", "lt": "nežinoma, ar išsiųsta"},
    "failed_temp": {"en": "failed for now", "lv": "pagaidām neizdevās", "lt": "kol kas nepavyko"},
    "failed_perm": {"en": "failed for good", "lv": "neizdevās", "lt": "nepavyko"},
    "expired": {"en": "its time was over", "lv": "beidzies termiņš", "lt": "baigėsi terminas"},
    "suppressed": {"en": "not sent on purpose", "lv": "tīši nav sūtīts", "lt": "tyčia nesiųsta"},
    "received": {"en": "received", "lv": "saņemts", "lt": "gauta"},
    "accept": {"en": "yes", "lv": "jā", "lt": "taip"},
    "partial": {"en": "in part", "lv": "daļēji", "lt": "iš dalies"},
    "decline": {"en": "no", "lv": "nē", "lt": "ne"},
    "defer": {"en": "later", "lv": "vēlāk", "lt": "vėliau"},
}  # native check
