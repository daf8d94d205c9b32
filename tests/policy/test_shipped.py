"""The policy as shipped: it loads without a word, and says the facts it must say."""

import json
from pathlib import Path

import jsonschema
import pytest

from schemas.policy.directory_file import check_directory, read_directory
from schemas.policy.editor_schemas import DIRECTORY, editor_schemas, rendered
from schemas.policy.load import load_policy, read_policy
from schemas.policy.models import Policy
from schemas.policy.source import read_source
from schemas.vocabulary import EVENT_TYPES, Action, EventType
from tests.policy.conftest import SHIPPED


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy(SHIPPED)


def test_the_shipped_policy_has_neither_mistakes_nor_warnings() -> None:
    """Every file fits, every reference leads somewhere."""
    assert read_policy(SHIPPED).mistakes == ()


def test_the_example_directory_fits_the_policy(policy: Policy) -> None:
    """Everybody the roles name is in the directory, with the channels and the purpose they are named for."""
    loaded = read_directory(SHIPPED / "directory.example.yaml")
    assert loaded.mistakes == ()
    assert loaded.directory is not None
    assert loaded.directory.fictional
    assert check_directory(policy, loaded.directory, SHIPPED) == ()


def test_a_version_follows_from_the_content_alone(policy: Policy, policy_dir: Path) -> None:
    """Comments and order of files change nothing; a changed value changes the version."""
    path = policy_dir / "policy.yaml"
    path.write_text("# another comment\n" + path.read_text(), encoding="utf-8")
    assert load_policy(policy_dir).version == policy.version
    path.write_text(path.read_text().replace("clock_skew: 10 min", "clock_skew: 11 min"), encoding="utf-8")
    assert load_policy(policy_dir).version != policy.version


def test_signatory_current_party_and_covered_area_stand_apart(policy: Policy) -> None:
    """All Latvian signatories ceased on 1 July 2021; their areas did not become their successors'."""
    for party in policy.parties:
        dissolved = party.signatory.dissolved
        assert (dissolved is not None) == (party.country == "LV")
        assert (party.signatory.unit == party.current_party.unit) == (party.country == "LT")
        assert party.covered_area == party.signatory.unit
        assert dissolved is None or dissolved.isoformat() == "2021-07-01"


def test_there_are_three_agreements_that_warn_about_successors(policy: Policy) -> None:
    """Three dual agreements between six parties, each in its own pair."""
    assert {frozenset(agreement.parties) for agreement in policy.agreements} == {
        frozenset({"birzai", "vecumnieki"}),
        frozenset({"rokiskis", "akniste"}),
        frozenset({"tervete", "joniskis"}),
    }
    assert {agreement.successor_area for agreement in policy.agreements} == {"warn"}


def test_every_type_but_medical_has_a_clause_both_ways(policy: Policy) -> None:
    """Medical has none on purpose; every other type is told in both directions."""
    for agreement in policy.agreements:
        for party in agreement.parties:
            told = {kind for clause in agreement.clauses if party in clause.askers for kind in clause.event_types}
            assert set(EventType) - told == {EventType.MEDICAL}


def test_police_types_are_referred_and_nothing_else(policy: Policy) -> None:
    """No clause mixes police types with others, and those types are only referred."""
    for agreement in policy.agreements:
        for clause in agreement.clauses:
            police = {EVENT_TYPES[kind].police for kind in clause.event_types}
            assert police == {clause.action is Action.REFER}


def test_letters_survive_the_loading(policy: Policy) -> None:
    """Latvian and Lithuanian letters come through as written."""
    names = {party.id: party.signatory.name for party in policy.parties}
    assert names["akniste"].lv.gen == "Aknīstes novada"
    assert names["birzai"].lt.loc == "Biržų rajono savivaldybėje"
    skaistkalne = next(parish for parish in policy.geography.parishes if parish.id == "skaistkalne_pag")
    assert skaistkalne.display.lt_short == "Skaistkalnės vls."


def test_a_lithuanian_lau_number_keeps_its_scheme(policy: Policy) -> None:
    """Eurostat's 36 is Biržai under the scheme LAU."""
    birzai = next(unit for unit in policy.geography.units if unit.id == "birzai")
    assert {(code.scheme.value, code.code) for code in birzai.codes} == {("ISO3166-2", "LT-06"), ("LAU", "36")}


def test_ilzu_lake_is_shared(policy: Policy) -> None:
    """The lake lies in today's Jēkabpils novads and belongs to Rokiškis district too."""
    lake = next(place for place in policy.geography.places if place.id == "ilzu_ezers")
    assert (lake.unit, lake.shared_with) == ("jekabpils", "rokiskis")


@pytest.mark.parametrize("name", sorted(editor_schemas()))
def test_editor_schemas_are_in_step(name: str) -> None:
    """The committed JSON Schemas are those of the models (python -m schemas.policy.editor_schemas writes them)."""
    assert (DIRECTORY / name).read_text(encoding="utf-8") == rendered(editor_schemas()[name])


def _schema_of(path: Path) -> str:
    if path.name.endswith(".cases.yaml"):
        return "cases"
    folders = {"agreements": "agreement", "texts": "texts"}
    return folders.get(path.parent.name, path.name.partition(".")[0])


@pytest.mark.parametrize("path", sorted(SHIPPED.rglob("*.yaml")), ids=lambda path: path.name)
def test_an_editor_finds_nothing_to_mark(path: Path) -> None:
    """Every shipped file fits the JSON Schema an editor checks it against."""
    schema = json.loads((DIRECTORY / f"{_schema_of(path)}.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(read_source(path, path.name).data)


@pytest.mark.parametrize("path", sorted(SHIPPED.rglob("*.yaml")), ids=lambda path: path.name)
def test_a_schema_line_names_a_schema_that_exists(path: Path) -> None:
    """Where a file tells editors its schema, that is the right one."""
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    if first.startswith("# yaml-language-server"):
        target = path.parent / first.partition("$schema=")[2].strip()
        assert target.resolve() == (DIRECTORY / f"{_schema_of(path)}.schema.json").resolve()
