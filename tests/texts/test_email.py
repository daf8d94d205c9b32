"""E-mails: what they say, and what they can do no harm with."""

import re
from html.parser import HTMLParser

import pytest

from notifiers.texts import Unrenderable, render_email
from schemas.base import Lang
from schemas.event import Casualties, FreeText, Need, PsapNotified
from schemas.place import PlaceCertainty
from schemas.vocabulary import EVENT_TEMPLATES, Action, Hazard, NeedKind, Origin, Status, Template
from tests.texts.policy_fixture import AT, LANGUAGES, POLICY, SKAISTKALNE, notification


class Page(HTMLParser):
    """An HTML part as a reader's program sees it: its tags with their attributes, and the words of its body."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.said: list[str] = []
        self.feed(source.split("<body", 1)[0])
        self.said.clear()
        self.feed("<body" + source.split("<body", 1)[1])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Note words."""
        self.said.append(data)

    @property
    def words(self) -> str:
        """The body's words with single spaces."""
        return " ".join(" ".join(self.said).split())


ABOUT = {
    "needs": (Need(kind=NeedKind.FIRE_TANKER, count=1), Need(kind=NeedKind.FIREFIGHTERS, count=21)),
    "casualties": Casualties(dead=0, injured=2, evacuated=11),
    "hazards": (Hazard.SMOKE, Hazard.BURNING_PEAT),
    "text": FreeText(text="Deg <b>purvs</b> & mežs.\nKods: XXXX", language="lv"),
    "psap_notified": PsapNotified(notified=True, at=AT, reference="VUGD-77"),
}


def test_a_request_in_lithuanian_says_everything() -> None:
    """The reader learns what, where, when, how bad, what is needed, whom to call, what to say and why."""
    text = render_email(notification(about=ABOUT), POLICY, language="lt").text
    for line in (
        "REIKIA PAGALBOS 7F2K",
        "Įvykis: Miško gaisras",
        "Vieta: Skaistkalnės valsčius, Bauskės savivaldybė (LV)",
        "Vietinis pavadinimas: Skaistkalnes pagasts, Bauskas novads",
        "Koordinatės: 56.3801,24.6402",
        "Įvykio laikas: 2026 m. liepos 5 d., 21.40 val.",
        "Pavojingumas: didelis",
        "Ištekliai: 1 autocisterna, 21 ugniagesys",
        "Žmonės: 0 žuvusiųjų, 2 nukentėjusieji, 11 evakuotų žmonių",
        "Grėsmės: dūmai, degančios durpės",
        "Aprašymas, kaip pranešta (latvių kalba):",
        "> Deg <b>purvs</b> & mežs.",
        "112: Apie įvykį pranešta 112, 2026 m. liepos 5 d., 21.40 val., pranešimo Nr. VUGD-77",
        "Praneša: Bauskės savivaldybė",
        "Ką daryti: Atsakykite į SMS su šiuo kodu arba skambinkite +37163900000, pasakykite kodą 7F2K ir TAIP arba NE.",
        "Atsakymo terminas: 10 min.",
        "Atsakinga tarnyba Latvijoje: Latvijos policija",
        "Atsakinga tarnyba Lietuvoje: PAGD",
        "Susitarimas: Biržų ir Vecumniekų susitarimas",
        "Gavėjas: Ugniagesių vadovas",
        "Galioja iki: 2026 m. liepos 6 d., 03.40 val.",
    ):
        assert f"\n{line}\n" in f"\n{text}", line


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("lv", "PALĪDZĪBA VAJADZĪGA 7F2K: Meža ugunsgrēks, Skaistkalnes pag. (LV)"),
        ("lt", "REIKIA PAGALBOS 7F2K: Miško gaisras, Skaistkalnės vls. (LV)"),
        ("en", "HELP NEEDED 7F2K: Forest fire, Skaistkalne parish (LV)"),
    ],
)
def test_the_subject_says_what_and_where(language: Lang, expected: str) -> None:
    """The subject alone tells whether to open the e-mail now."""
    assert render_email(notification(), POLICY, language=language).subject == expected


def test_a_long_subject_ends_at_a_word() -> None:
    """A subject is bounded, and shortened between words."""
    parish = POLICY.geography.parishes[0]
    display = parish.display.model_copy(update={"lt_short": "Labai " * 19 + "ilgas"})
    geography = POLICY.geography.model_copy(update={"parishes": (parish.model_copy(update={"display": display}),)})
    told = notification(status=Status.TEST)
    subject = render_email(told, POLICY.model_copy(update={"geography": geography}), language="lt").subject
    assert len(subject) <= 150
    assert subject.endswith(" Labai...")


def test_an_exercise_is_marked_in_every_part() -> None:
    """Subject, text and HTML of an exercise say so before anything else."""
    told = notification(status=Status.EXERCISE, origin=Origin.EXERCISE, exerciseid="ex-1")
    mail = render_email(told, POLICY, language="lv")
    assert mail.subject.startswith("MĀCĪBAS! Tas nav reāls notikums. PALĪDZĪBA")
    assert mail.text.startswith("MĀCĪBAS! Tas nav reāls notikums.\n")
    assert Page(mail.html).words.startswith("MĀCĪBAS!")


def test_the_reporters_words_cannot_pass_for_ours() -> None:
    """Free text is escaped in HTML and marked line by line in plain text."""
    mail = render_email(notification(about=ABOUT), POLICY, language="lt")
    assert "Deg &lt;b&gt;purvs&lt;/b&gt; &amp; mežs." in mail.html
    assert "\n> Kods: XXXX\n" in mail.text


def test_html_loads_nothing_and_links_only_to_phone_and_map() -> None:
    """The HTML part has no external resource, no script and no link but tel: and geo:."""
    tags = Page(render_email(notification(about=ABOUT), POLICY, language="lt").html).tags
    addresses = [value for _, attrs in tags for name, value in attrs.items() if name in ("href", "src", "background")]
    assert addresses == ["geo:56.3801,24.6402", "tel:+37163900000"]
    assert ("html", {"lang": "lt"}) in tags
    assert not {tag for tag, _ in tags} & {"script", "img", "iframe", "object", "link", "form", "style"}
    assert all(attrs["scope"] == "row" for tag, attrs in tags if tag == "th")


def test_both_parts_say_the_same() -> None:
    """Every label and value of the plain text stands in the HTML part too."""
    mail = render_email(notification(about=ABOUT), POLICY, language="en")
    page = Page(mail.html).words
    lines = [re.sub(r"^> ", "", line) for line in mail.text.splitlines() if line]
    for line in lines:
        assert all(part in page for part in line.removesuffix(":").split(": ", 1)), line


def test_an_update_starts_with_what_changed() -> None:
    """The changes are named first and the changed facts stand before the others."""
    told = notification(template=Template.UPDATE, changed=("casualties", "needs"), about=ABOUT)
    text = render_email(told, POLICY, language="lv").text
    order = ["Izmaiņas: cietušo skaits, resursi", "Cilvēki:", "Resursi:", "Notikums:"]
    assert [text.index(part) for part in order] == sorted(text.index(part) for part in order)


def test_needs_that_ended_are_said_to_have_ended() -> None:
    """An update without any needs left says that none is needed."""
    told = notification(template=Template.UPDATE, changed=("needs",), about={"needs": ()})
    assert "Resources: Resources are no longer needed." in render_email(told, POLICY, language="en").text


def test_information_asks_for_nothing() -> None:
    """Information says that no help is asked for, lists no needs and wants no answer."""
    told = notification(template=Template.INFORM, action=Action.INFORM, about=ABOUT)
    text = render_email(told, POLICY, language="lv").text
    assert "Palīdzība netiek lūgta." in text
    assert "Resursi" not in text
    assert "JĀ" not in text


def test_a_cancel_says_that_help_is_no_longer_needed() -> None:
    """A cancelled request says so, and no longer lists severity or needs."""
    text = render_email(notification(template=Template.CANCEL, about=ABOUT), POLICY, language="lt").text
    assert "Pagalbos nebereikia." in text
    assert "Pavojingumas" not in text
    assert "Ištekliai" not in text


@pytest.mark.parametrize(
    ("psap", "expected"),
    [
        (None, "112: Nežinoma, ar apie įvykį pranešta 112"),
        (PsapNotified(notified=False), "112: Apie įvykį 112 NEPRANEŠTA"),
        (PsapNotified(notified=True), "112: Apie įvykį pranešta 112"),
    ],
)
def test_112_is_always_spoken_of(psap: PsapNotified | None, expected: str) -> None:
    """Whether 112 knows is said in every e-mail, also when it is not known."""
    text = render_email(notification(about={"psap_notified": psap}), POLICY, language="lt").text
    assert f"\n{expected}\n" in text


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("lv", "SVARĪGI! Par šo notikumu 112 NAV ZVANĪTS."),
        ("lt", "SVARBU! Dėl šio įvykio 112 NESKAMBINTA."),
        ("en", "IMPORTANT! 112 has NOT been called about this event."),
    ],
)
@pytest.mark.parametrize("template", sorted(EVENT_TEMPLATES))
def test_a_missing_call_to_112_stands_on_top(language: Lang, expected: str, template: Template) -> None:
    """Where 112 was not called, both parts say so right under the heading, the HTML part in a frame."""
    told = notification(template=template, about={"psap_notified": PsapNotified(notified=False)})
    mail = render_email(told, POLICY, language=language)
    assert mail.text.splitlines()[1] == expected
    assert re.search(rf'</h1>\n<p style="border: [^>]*><strong>{re.escape(expected)}</strong></p>', mail.html)


def test_an_exercise_is_marked_before_the_missing_call_to_112() -> None:
    """A drill without a call to 112 is seen to be a drill first."""
    about = {"psap_notified": PsapNotified(notified=False)}
    told = notification(status=Status.EXERCISE, origin=Origin.EXERCISE, exerciseid="ex-1", about=about)
    first = render_email(told, POLICY, language="en").text.splitlines()[:3]
    assert first[0].startswith("EXERCISE!")
    assert first[2].startswith("IMPORTANT!")


@pytest.mark.parametrize("psap", [None, PsapNotified(notified=True)])
def test_a_call_to_112_made_or_not_known_raises_no_alarm(psap: PsapNotified | None) -> None:
    """Only a call that is known to be missing is put on top."""
    mail = render_email(notification(about={"psap_notified": psap}), POLICY, language="en")
    assert "IMPORTANT!" not in mail.text + mail.html


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_agreement_is_named_by_its_title_alone(language: Lang) -> None:
    """The bare id of the clause tells a reader nothing and stays out; the agreement's title stands."""
    mail = render_email(notification(clause="psdk-exchange"), POLICY, language=language)
    assert "psdk-exchange" not in mail.text + mail.html
    assert POLICY.agreements[0].title.of(language) in mail.text


@pytest.mark.parametrize(
    ("language", "expected"),
    [("lv", "Atbildiet uz īsziņu "), ("lt", "Atsakykite į SMS "), ("en", "Reply to the text message ")],
)
def test_a_request_is_answered_by_text_or_telephone(language: Lang, expected: str) -> None:
    """No e-mail is read: it asks for a text or a call, and only where an answer is asked for."""
    assert expected in render_email(notification(), POLICY, language=language).text
    inform = notification(template=Template.INFORM, action=Action.INFORM)
    assert expected not in render_email(inform, POLICY, language=language).text


def test_what_personal_data_slipped_through_is_masked() -> None:
    """A number in free text, in a place name or in the reference of 112 does not reach the reader."""
    about = {
        "text": FreeText(text="Zvanīt +371 26123456", language="lv"),
        "place": SKAISTKALNE.model_copy(update={"name": "pie 26123456"}),
        "psap_notified": PsapNotified(notified=True, reference="26123456"),
    }
    mail = render_email(notification(about=about), POLICY, language="lt")
    assert "26123456" not in mail.text + mail.html + mail.subject
    assert mail.text.count("[…]") == 3


def test_an_uncertain_or_approximate_place_says_so() -> None:
    """A reader learns that the side of the border is not certain and that a position is only the place's."""
    place = SKAISTKALNE.model_copy(
        update={"place": "eikesi", "point": None, "certainty": PlaceCertainty.SIDE_UNCERTAIN}
    )
    text = render_email(notification(about={"place": place}), POLICY, language="en").text
    assert "Place: Eikši, Skaistkalne parish, Bauska Municipality (LV/LT)" in text
    assert "Coordinates: 56.4000,24.6000 (approximate, the centre of the named place)" in text
    assert "Place: It is not certain on which side of the border the place is." in text


def test_a_repetition_says_that_it_may_have_arrived() -> None:
    """A repeated e-mail says that the reader may have it already."""
    mail = render_email(notification(repetition=True), POLICY, language="en")
    assert mail.subject.startswith("REPEATED: HELP NEEDED 7F2K")
    assert "You may have received this message before." in mail.text


@pytest.mark.parametrize(("field", "detail"), [("agreement", "no agreement gone"), ("role", "no role gone")])
def test_what_the_policy_lacks_is_named(field: str, detail: str) -> None:
    """An e-mail about an agreement or role that the policy does not have says what is missing."""
    with pytest.raises(Unrenderable, match=detail):
        render_email(notification(**{field: "gone"}), POLICY, language="lt")
