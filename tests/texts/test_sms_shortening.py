"""What falls away from an SMS that is too long, and what never does."""

from typing import Any

import pytest

from notifiers.texts import Unrenderable, render_sms
from schemas.base import Lang
from schemas.decision import SharedFacts
from schemas.event import FreeText, Need
from schemas.place import PlaceCertainty, Point, ResolvedPlace
from schemas.policy.directory import Script
from schemas.policy.texts import Texts
from schemas.vocabulary import EVENT_TEMPLATES, Action, EventType, Hazard, NeedKind, Severity, Status, Template
from tests.texts.policy_fixture import LANGUAGES, POLICY, SKAISTKALNE, notification, source

ALL_NEEDS = tuple(Need(kind=kind, count=12) for kind in NeedKind)[:12]


def _named(name: str) -> ResolvedPlace:
    return SKAISTKALNE.model_copy(update={"name": name})


def test_severity_falls_first_then_time() -> None:
    """A few characters too many cost the severity; more cost the time too."""
    little = notification(repetition=True)
    assert render_sms(little, POLICY, language="lv", script=Script.NATIVE).dropped == ("severity",)
    much = notification(about={"event_type": EventType.BORDER_CROSSING})
    assert render_sms(much, POLICY, language="lv", script=Script.NATIVE).dropped == ("severity",)
    more = notification(about={"event_type": EventType.BORDER_CROSSING}, repetition=True)
    assert render_sms(more, POLICY, language="lv", script=Script.NATIVE).dropped == ("severity", "time")


def test_a_name_that_the_parish_says_falls_before_all_where_it_costs_a_part() -> None:
    """ "Skaistkalne, Skaistkalnes pag." loses the first word when that saves a part, and only then."""
    about: dict[str, Any] = {"place": SKAISTKALNE.model_copy(update={"place": "skaistkalne"})}
    native = render_sms(notification(about=about), POLICY, language="lv", script=Script.NATIVE)
    plain = render_sms(notification(about=about), POLICY, language="lv", script=Script.ASCII)
    assert native.dropped == ("place_name",)
    assert "Skaistkalne, Skaistkalnes pag. (LV)" in plain.body


def test_many_needs_end_at_a_whole_one() -> None:
    """A list of needs is shortened by whole items, and says that there are more."""
    sms = render_sms(notification(about={"needs": ALL_NEEDS}), POLICY, language="lt", script=Script.NATIVE)
    assert "Ištekliai: autocisternos 12, ugniagesiai 12, savanoriai 12 ir kt. Skambinti" in sms.body
    assert sms.dropped == ("severity", "time", "needs")


def test_a_long_place_name_ends_at_a_whole_word() -> None:
    """A reported place name is shortened between words and shows that it was."""
    name = "Vecā mežniecība aiz trešā grāvja pie lielā ozola un nodegušā šķūņa"
    sms = render_sms(notification(about={"place": _named(name)}), POLICY, language="lv", script=Script.NATIVE)
    shown = sms.body.split("ugunsgrēks, ")[1].split("..., Skaistkalnes pag.")[0]
    assert name.startswith(shown + " ")
    assert sms.dropped == ("severity", "time", "place_name")


def test_an_update_says_its_change_first_and_keeps_it() -> None:
    """The raised severity of an update stands first and stays, where the severity of a first alert would fall."""
    told = notification(
        template=Template.UPDATE,
        changed=("severity", "casualties"),
        about={"severity": Severity.EXTREME, "hazards": (Hazard.SMOKE, Hazard.BURNING_PEAT)},
    )
    sms = render_sms(told, POLICY, language="lt", script=Script.NATIVE)
    assert sms.body.startswith("NAUJA INFORMACIJA 7F2K. Pavojingumas: labai didelis. Miško gaisras")
    assert sms.dropped == ("time", "hazards", "changes")
    only_named = told.model_copy(update={"changed": ("casualties",)})
    body = render_sms(only_named, POLICY, language="lt", script=Script.NATIVE).body
    assert body.startswith("NAUJA INFORMACIJA 7F2K. Pasikeitė: nukentėjusiųjų skaičius. Miško gaisras")


def test_a_change_unknown_here_is_still_a_change() -> None:
    """An update of something without a name here says that other facts changed."""
    told = notification(template=Template.UPDATE, changed=("weather",), about={"severity": None})
    assert "Izmaiņas: citas ziņas." in render_sms(told, POLICY, language="lv", script=Script.NATIVE).body


def test_diacritics_fall_before_the_first_need_does() -> None:
    """What three parts with diacritics cannot hold goes out whole in plain letters."""
    told = notification(status=Status.TEST, repetition=True, about={"event_type": EventType.HAZMAT})
    sms = render_sms(told, POLICY, language="lt", script=Script.NATIVE)
    assert sms.dropped == ("diacritics",)
    assert sms.encoding == "GSM-7"
    assert "Istekliai: autocisterna 1. Skambinti +37163900000." in sms.body


@pytest.mark.parametrize(
    "name",
    [
        "http://evil.example/x",
        "www.evil.example",
        "jonas@birzai.lt",
        "10.0.0.1",
        "Jonas +370 612 34567",
        "010190-12345",
    ],
)
def test_a_reported_name_with_a_link_or_a_person_is_left_out(name: str) -> None:
    """No link, address, number or personal code reaches an SMS through the name of a place."""
    body = render_sms(notification(about={"place": _named(name)}), POLICY, language="lt", script=Script.ASCII).body
    assert "gaisras, Skaistkalnes vls. (LV)" in body


@pytest.mark.parametrize("name", ["evil.example", "evil\uff0eexample"])
def test_a_reported_name_cannot_become_a_link(name: str) -> None:
    """A dot between letters gets a space, so that no phone makes a link of it."""
    body = render_sms(notification(about={"place": _named(name)}), POLICY, language="lt", script=Script.ASCII).body
    assert "evil. example, Skaistkalnes" in body


def test_free_text_stays_out_of_sms() -> None:
    """The reporter's words go by e-mail only."""
    about = {"text": FreeText(text="Deg pie Jāņa mājas", language="lv")}
    assert "Jāņa" not in render_sms(notification(about=about), POLICY, language="lv", script=Script.NATIVE).body


def test_letters_without_a_plain_form_are_seen_and_named() -> None:
    """A place written in another alphabet shows question marks in plain letters, and the receipt can say so."""
    sms = render_sms(notification(about={"place": _named("Вецумниеки")}), POLICY, language="lt", script=Script.ASCII)
    assert "??????????, Skaistkalnes vls." in sms.body
    assert sms.dropped == ("letters",)


def test_without_a_place_or_time_the_rest_still_reads() -> None:
    """A notification that may carry neither place nor time still says what, whom to call and how to answer."""
    told = notification(
        about={"place": None, "occurred_at": None, "severity": None, "needs": (), "callback_role": None}
    )
    body = render_sms(told, POLICY, language="en", script=Script.NATIVE).body
    assert body == "HELP NEEDED 7F2K. Forest fire. Call +37163900000. Reply: 7F2K YES or 7F2K NO"


def test_the_named_office_is_called_and_else_the_duty_desk() -> None:
    """The number is that of the role which the event names, or the duty desk's."""
    fire = render_sms(notification(about={"callback_role": "fire"}), POLICY, language="en", script=Script.NATIVE)
    other = render_sms(notification(about={"callback_role": "mayor"}), POLICY, language="en", script=Script.NATIVE)
    assert "+37163900002" in fire.body
    assert "+37163900000" in other.body


@pytest.mark.parametrize("status", [Status.SYSTEM, Status.DRAFT])
def test_system_and_draft_are_nobodys_to_read(status: Status) -> None:
    """A System or Draft message is never put into words."""
    with pytest.raises(Unrenderable, match="not for sending"):
        render_sms(notification(status=status), POLICY, language="lt", script=Script.NATIVE)


@pytest.mark.parametrize(
    ("given", "detail"),
    [
        ({"asking_party": "nobody"}, "no party nobody"),
        ({"party": "nobody"}, "no party nobody"),
        ({"about": {"place": SKAISTKALNE.model_copy(update={"unit": "atlantis"})}}, "no municipality atlantis"),
        ({"about": {"place": SKAISTKALNE.model_copy(update={"parish": "atlantis"})}}, "no parish atlantis"),
        ({"about": {"place": SKAISTKALNE.model_copy(update={"place": "atlantis"})}}, "no place atlantis"),
        (
            {"template": Template.REFER, "action": Action.REFER, "about": {"lead_service": "navy"}},
            "no service navy",
        ),
    ],
)
def test_what_the_policy_lacks_is_named(given: dict[str, Any], detail: str) -> None:
    """A notification that names what its policy does not have says what is missing."""
    with pytest.raises(Unrenderable, match=detail):
        render_sms(notification(**given), POLICY, language="lt", script=Script.NATIVE)


def test_a_policy_without_the_language_says_so() -> None:
    """No text is made in a language that the policy has no words for."""
    silent = POLICY.model_copy(update={"texts": {}})
    with pytest.raises(Unrenderable, match="no texts in lt"):
        render_sms(notification(), silent, language="lt", script=Script.NATIVE)


def _longest_words(language: Lang) -> Texts:
    """The language's words, each as long as a policy may have it, in letters that plain ones are as long as."""
    words = source(language)
    words["headers"] = dict.fromkeys(words["headers"], "ž" * 30)
    words["prefixes"] = dict.fromkeys(words["prefixes"], "ž" * 50)
    words["event_types"] = dict.fromkeys(words["event_types"], "ž" * 50)
    words["sms"] |= {"repetition": "ž" * 20, "approximate": "ž" * 20, "help_ended": "ž" * 60}
    words["sms"] |= dict.fromkeys(("call", "call_if_needed"), "ž" * 27 + " {{ number }}")
    words["sms"]["reply"] = "ž" * 26 + " {{ code }} {{ code }} {{ code }}"
    words["labels"] |= dict.fromkeys(("severity", "needs", "hazards", "changes", "lead"), "ž" * 60)
    return Texts.model_validate(words)


@pytest.mark.parametrize("template", sorted(EVENT_TEMPLATES))
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_longest_words_a_policy_may_have_still_fit(language: Lang, template: Template) -> None:
    """With every word at its bound and a place name of 120 letters, prefix, code, number and position stand."""
    geography = POLICY.geography
    parish = geography.parishes[0]
    names = parish.names.model_copy(update={"en": "ž" * 110})
    display = parish.display.model_copy(update={"lv_short": "ž" * 120, "lt_short": "ž" * 120})
    parishes = (parish.model_copy(update={"names": names, "display": display}), *geography.parishes[1:])
    policy = POLICY.model_copy(
        update={
            "geography": geography.model_copy(update={"parishes": parishes}),
            "texts": {language: _longest_words(language)},
        }
    )
    place = SKAISTKALNE.model_copy(
        update={"place": "eikesi", "point": None, "certainty": PlaceCertainty.SIDE_UNCERTAIN}
    )
    for action in Action:
        told = notification(
            template=template,
            action=action,
            status=Status.TEST,
            repetition=True,
            changed=tuple(SharedFacts.model_fields),
            about={"place": place, "needs": ALL_NEEDS, "hazards": tuple(Hazard), "text": None},
        )
        sms = render_sms(told, policy, language=language, script=Script.NATIVE)
        assert sms.segments <= 3
        assert sms.body.startswith("z" * 50 + " ")
        assert all(part in sms.body for part in (" 7F2K. ", " (LV/LT) ", " 56.4000,24.6000", "+37163900000"))


def test_coordinates_keep_four_decimals_and_their_sign() -> None:
    """A position is written with a dot and four decimals, also where they are zeros."""
    place = SKAISTKALNE.model_copy(update={"point": Point(lat=56.4, lon=-24.0)})
    body = render_sms(notification(about={"place": place}), POLICY, language="lt", script=Script.ASCII).body
    assert "(LV) 56.4000,-24.0000," in body
