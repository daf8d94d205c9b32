"""A phone that is used for exercises and for real events: its texts can be told apart by their first words."""

import pytest

from schemas.policy.directory_file import read_directory
from schemas.vocabulary import Delivery, Origin, Status
from tests.notifiers.stage import DRILL, RUTA, Stage

pytestmark = pytest.mark.kafka


async def test_one_phone_for_both_tells_the_exercise_from_the_real_event(stage: Stage) -> None:
    """The directory warns of the number; the exercise says first that it is none, the real event says nothing of it."""
    stage.directory.write_text(stage.directory.read_text(encoding="utf-8").replace(DRILL, RUTA), encoding="utf-8")
    (warning,) = read_directory(stage.directory).mistakes
    assert "have one number, for real events and for exercises" in warning.problem
    real = stage.order(code="A2BC")
    drill = stage.order(
        code="A3BC", contact_id="drill", status=Status.EXERCISE, origin=Origin.EXERCISE, exerciseid="ex-1"
    )
    async with stage.notifier():
        await stage.emit(real, drill)
        for order in (real, drill):
            assert (await stage.outcome(order)).delivery is Delivery.SENT
    texts = {text.body for text in await stage.sandbox.texts(RUTA)}
    (exercise,) = {text for text in texts if "A3BC" in text}
    (earnest,) = {text for text in texts if "A2BC" in text}
    assert exercise.startswith("PRATYBOS! Tai nėra tikras įvykis. ")
    assert earnest.startswith("REIKIA PAGALBOS A2BC")
    assert "PRATYB" not in earnest
