"""Pieces of several callers go through the recogniser together, and come back to their own."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from pipelines.transcription.recognition.batching import Batches


def test_callers_share_batches_and_get_their_own_results_in_order() -> None:
    seen: list[tuple[str, ...]] = []
    gate = threading.Event()

    def work(sounds: list[str], kind: str) -> list[str]:
        gate.wait(10)
        seen.append(tuple(sounds))
        return [f"{kind}:{sound}" for sound in sounds]

    batches = Batches[str, str, str](work, workers=1, size=8, slack=10)
    with ThreadPoolExecutor(3) as callers:
        # The first holds the only worker, so that the other two wait together.
        first = callers.submit(batches.run, [("a", 5, "en")])
        while not batches._busy:
            pass
        second = callers.submit(batches.run, [("b", 3, "en"), ("c", 9, "en")])
        third = callers.submit(batches.run, [("d", 4, "en")])
        while len(batches._waiting) < 3:
            pass
        gate.set()
        assert first.result() == ["en:a"]
        assert second.result() == ["en:b", "en:c"]
        assert third.result() == ["en:d"]
    assert seen[0] == ("a",)
    assert len(seen) == 2
    assert set(seen[1]) == {"b", "c", "d"}


def test_languages_do_not_mix_and_lone_callers_use_every_worker() -> None:
    seen: list[tuple[int, str]] = []

    def work(sounds: list[str], kind: str) -> list[str]:
        seen.append((len(sounds), kind))
        return sounds

    batches = Batches[str, str, str](work, workers=2, size=8, slack=10)
    with ThreadPoolExecutor(2) as callers:
        runs = [
            callers.submit(batches.run, [(kind * n, 1, kind) for n in range(4)])
            for kind in ("en", "zh")
        ]
        assert [run.result() for run in runs] == [
            [kind * n for n in range(4)] for kind in ("en", "zh")
        ]
    assert sum(count for count, _ in seen) == 8
    assert all(count <= 4 for count, _ in seen)
    assert batches.run([]) == []


def test_what_goes_wrong_reaches_those_who_wait_and_nobody_else() -> None:
    def work(sounds: list[str], _kind: str) -> list[str]:
        if "bad" in sounds:
            raise ValueError("no such sound")
        return sounds

    batches = Batches[str, str, str](work, workers=1, size=1, slack=0)
    with pytest.raises(ValueError, match="no such sound"):
        batches.run([("bad", 1, "en")])
    assert batches.run([("good", 1, "en")]) == ["good"]


def test_a_wrong_number_of_results_is_an_error_and_no_endless_wait() -> None:
    batches = Batches[str, str, str](lambda _sounds, _kind: [], workers=1, size=8, slack=0)
    with pytest.raises(ValueError, match="shorter"):
        batches.run([("a", 1, "en")])
