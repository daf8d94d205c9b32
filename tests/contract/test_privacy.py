"""What free text must lose before it goes on a topic, and what it must keep."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas import privacy
from schemas.privacy import MASK, mask

PERSONAL = {
    "personal_code": (
        "010190-12345",
        "010190 - 12345",
        "010190–12345",
        "010190 12345",
        "329999-12345",
        "01019012345",
        "39001011234",
        "49001011234",
    ),
    "email_address": (
        "janis.berzins@example.lv",
        "vardas.pavarde+112@pastas.example.lt",
        "jānis@piemērs.example",
    ),
    "telephone": (
        "+37126123456",
        "+371 26123456",
        "+371 26 123 456",
        "+371-26-123-456",
        "+371 2612 3456",
        "+371.26123456",
        "(+371) 26123456",
        "+371 (26) 123456",
        "00371 26123456",
        "371 26123456",
        "371 26 123 456",
        "26123456",
        "26 123 456",
        "26-123-456",
        "2612 3456",
        "26 12 34 56",
        "26\u00a0123\u00a0456",
        "67123456",
        "+37061234567",
        "+370 612 34567",
        "+370 (612) 34 567",
        "00370 612 34567",
        "861234567",
        "8 612 34567",
        "8-612-34567",
        "(8 612) 34567",
        "8 (612) 34 567",
        "8 450 31234",
        "(8-450) 31 234",
        "0 612 34567",
        "061234567",
        "612 34567",
        "612 34 567",
        "+372 5123 4567",
        "+48 501 234 567",
    ),
    "plate": (
        "AB-1234",
        "AB 1234",
        "AB1234",
        "AB-12",
        "AS-950",
        "ABC 123",
        "ABC123",
        "ABC-123",
        "ABC:123",
        "abc123",
        "ab-1234",
    ),
    "street_address": (
        "Brīvības iela 12",
        "Brīvības ielā 12-5",
        "Brīvības ielas 12A",
        "BRĪVĪBAS IELA 12",
        "brīvības iela 12",
        "Skolas iela Nr. 12, dz. 5",
        "Kalpaka bulvāris 9",
        "Vytauto g. 12-5",
        "Vytauto g.12",
        "Žemaitės g. 7",
        "Vilniaus gatvė 5",
        "Dariaus ir Girėno gatvėje 15",
        "Kęstučio al. 9",
        "Gedimino pr. 1/2",
    ),
}

AROUND = ("{}", "Zvanīt: {}.", "deg māja, {}, 3 cilvēki", "({})", "tel.{} rīt", "vieta:{}\nrīt")

NEEDED = (
    "56.3801,24.6402",
    "56.3801, 24.6402",
    "56,3801 24,6402",
    "+56.3801+024.6402",
    "56.26123456, 24.61234567",
    "N 56.38012 E 24.64021",
    "56°22'48\"N 24°38'24\"E",
    "56 22 48 24 38 24",
    "LKS-92 490123 6265432",
    "plkst. 21.40",
    "21.40 val.",
    "no 21:40 līdz 22:15",
    "2026-06-05 18:40",
    "2026-06-05T18:40:00+03:00",
    "26.05.2026. plkst. 8.30",
    "26 05 2026",
    "20260605",
    "deg 500 m2 platībā",
    "DEG APIE 300 HA",
    "IKI 300 M2",
    "PAR 200 m no upes",
    "UZ 150 HA",
    "570 m² un 35 m³",
    "23 m/s, 90 km/h, 12 km",
    "ar 26 000 000 EUR zaudējumiem",
    "20 000 000 litri",
    "12 cilvēki, 3 cietušie, 40 vistas",
    "1,5 ha, 2,35 km",
    "LV-5101",
    "LT-41175",
    "LV-3905 Bauska",
    "ISO 3166 LV-016, LT-06",
    "autoceļš A7, 54. km",
    "P73 un V1021",
    "kelias A10, KK122, E67",
    "Kelias Nr. 122",
    "UN 1203",
    "UN1203",
    "ADR 336, UN 1017",
    "DN 100",
    "CO 50 ppm",
    "CAS 7664-41-7",
    "112",
    "BPC 112",
    "112-0001",
    "ziņots 113 un 110",
    "35 kV līnija",
    "MĀCĪBAS! Tas nav reāls notikums.",
    "Skaistkalnes pag., Kurmenes pag., 2. tornis",
    "sūknis 1200 l/min",
    "Rīgas iela 300 m no tilta",
    "Skolas ielā pie tilta",
    "Vytauto g. prie tilto",
    "apie 200 g. 12 val.",
    "7F2K JĀ",
    "Ilzu ezers, 80 ha",
)


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in PERSONAL.items() for text in texts])
@pytest.mark.parametrize(
    "around", ["{}", "Zvanīt: {}.", "deg māja, {}, 3 cilvēki", "({})", "tel.{} rīt", "vieta:{}\nrīt"]
)
def test_personal_data_is_masked_wherever_it_stands(kind: str, text: str, around: str) -> None:
    """A personal code, number, address or plate is masked in any sentence, and counted under its kind."""
    masked = mask(around.format(text))
    digits = [part for part in text.replace("(", " ").replace(")", " ").split() if part.strip(".,-").isdigit()]
    assert text not in masked.text
    assert all(part not in masked.text for part in digits), masked.text
    if kind == "telephone" or around in ("{}", "({})"):
        assert sum(masked.found.values()) == 1, masked
    else:
        assert masked.found, masked
    assert MASK in masked.text


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in PERSONAL.items() for text in texts])
def test_what_was_found_is_named_by_its_kind(kind: str, text: str) -> None:
    """The kind tells the reporter what was removed."""
    assert mask(f"Zvanīt {text}").found == {kind: 1}


@pytest.mark.parametrize("text", NEEDED)
@pytest.mark.parametrize("around", ["{}", "Ugunsgrēks, {}", "{}, 3 cilvēki"])
def test_what_responders_need_stays(text: str, around: str) -> None:
    """Positions, times, amounts, roads, UN numbers, postcodes and streets are left as they were."""
    masked = mask(around.format(text))
    assert masked.text == around.format(text), masked.found
    assert masked.found == {}


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Deg šķūnis Brīvības ielā 12-5, 3 cilvēki", "Deg šķūnis Brīvības ielā […], 3 cilvēki"),
        ("Dega namas Vytauto g. 12, 2 žmonės", "Dega namas Vytauto g. […], 2 žmonės"),
        ("26123456 vai 29123456", "[…] vai […]"),
        ("26123456, 29123456", "[…], […]"),
        ("26123456 29123456", "[…] […]"),
        ("500 m2, zvanīt 26123456, 56.3801,24.6402", "500 m2, zvanīt […], 56.3801,24.6402"),
        ("auto AB-1234 uz A7", "auto […] uz A7"),
        ("UN 1203 cisterna AB-1234", "UN 1203 cisterna […]"),
    ],
)
def test_only_the_personal_part_is_lost(text: str, left: str) -> None:
    """The words around personal data stay, the street of an address too."""
    assert mask(text).text == left


@pytest.mark.parametrize("text", ["", *NEEDED, *(text for texts in PERSONAL.values() for text in texts)])
def test_masking_twice_changes_nothing(text: str) -> None:
    """A text that several writers mask is masked once."""
    once = mask(text).text
    assert mask(once).text == once


@pytest.mark.parametrize(
    "piece", ["2", "26 ", "A", "AB ", "Ā", "a.", "+3 ", "8(", "iela ", "iela 1", "(", " ", "26-", "37 "]
)
def test_hostile_text_costs_no_time(piece: str) -> None:
    """No text of the longest allowed length makes the patterns backtrack for long."""
    before = time.process_time()
    mask((piece * 2000)[:2000] + "!")
    assert time.process_time() - before < 0.5


words = st.sampled_from([*NEEDED, *(text for texts in PERSONAL.values() for text in texts)])
signs = st.text("012345678999+-–/.,:()@ \t\n\u00a0\u202f٢٣AaBbNnRrGgLlPp ElaāēėıſİK", max_size=12)
streets = st.sampled_from(
    ["iela ", "IELĀ", "Parka ıela ", "gatvėſ ", "Kalnų g. ", "al.", "pr. ", "nr", "NR. ", "X pr. nr.5"]
)
plates = st.from_regex(r"([A-Z]{2,3}|[a-z]{2,3})[ \u00a0\t]?[-: ]?[ \u202f]?[0-9]{2,4}", fullmatch=True)
written = st.lists(words | signs | streets | plates | st.text(max_size=4), max_size=8).flatmap(
    lambda parts: st.sampled_from(["", " ", ", "]).map(lambda between: between.join(parts))
)


@settings(max_examples=1500, deadline=None)
@given(written)
@example("AB-12")
@example("Parka ıela 5")
@example("Rīgas iela nr5")
def test_what_is_not_searched_for_is_not_there(text: str) -> None:
    """Leaving out the searches that a text gives no reason for finds what all of them find."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(privacy, "_worth_trying", lambda _: privacy._RULES)
        thoroughly = mask(text)
    assert mask(text) == thoroughly
