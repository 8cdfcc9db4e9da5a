"""The committed samples fit each other: checked from the files alone, without the product."""

import csv
import json
import math
import statistics
from collections import Counter, defaultdict
from datetime import date, datetime
from pathlib import Path
from typing import Any

import av
import pytest
import soundfile

SAMPLES = Path(__file__).parents[2] / "recordings_sample"
BAD = Path(__file__).parents[1] / "data" / "bad"
MEGABYTE = 1 << 20


def rows(name: str) -> list[dict[str, str]]:
    with (SAMPLES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def recorded() -> dict[str, dict[str, str]]:
    return {row["call_id"]: row for row in rows("recorded.csv")}


@pytest.fixture(scope="module")
def calls() -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows("calls.csv"):
        found[row["call_id"]].append(row)
    return dict(found)


@pytest.fixture(scope="module")
def references() -> dict[str, Any]:
    return json.loads((SAMPLES / "references.json").read_text(encoding="utf-8"))


def seconds(path: Path) -> tuple[float, int]:
    try:
        with av.open(str(path)) as source:
            stream = source.streams.audio[0]
            samples = sum(frame.samples for frame in source.decode(stream))
            return samples / stream.codec_context.sample_rate, stream.codec_context.channels
    except av.FFmpegError:
        info = soundfile.info(path)
        return info.duration, info.channels


def test_sizes_and_counts(recorded: Any, calls: Any) -> None:
    files = [path for path in SAMPLES.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 15 * MEGABYTE
    assert sum(path.stat().st_size for path in (SAMPLES / "audio").iterdir()) < 12 * MEGABYTE
    assert sum(float(row["duration_s"]) for row in recorded.values()) <= 25 * 60
    assert 35 <= len(recorded) <= 42
    assert len(calls) == 5_000
    languages = Counter(row["language"] for row in recorded.values())
    assert min(languages["en"], languages["zh"]) >= 15


def test_each_recording_exists_and_lasts_as_long_as_its_talk_time(
    recorded: Any, calls: Any, references: Any
) -> None:
    names = {path.name for path in (SAMPLES / "audio").iterdir()}
    assert names == {Path(row["file"]).name for row in recorded.values()}
    for call_id, row in recorded.items():
        found, channels = seconds(SAMPLES / row["file"])
        talk = sum(float(leg["talk_s"]) for leg in calls[call_id])
        assert abs(found - talk) <= 0.1, row["file"]
        assert abs(float(row["duration_s"]) - talk) < 0.05, row["file"]
        assert channels == references[call_id]["channels"], row["file"]
        local = datetime.fromisoformat(calls[call_id][0]["started_at"])
        assert f"GUID_{call_id}_AGENT_{calls[call_id][0]['agent']}_DT_" in row["file"]
        assert local.strftime("%Y-%m-%dT%H-%M-%S") in row["file"]
        assert date(2026, 11, 9) <= local.date() <= date(2026, 11, 22)


def test_references_are_turns_inside_the_recording(recorded: Any, references: Any) -> None:
    assert set(references) == set(recorded)
    for call_id, reference in references.items():
        end = float(recorded[call_id]["duration_s"]) * 1000 + 100
        assert {turn["party"] for turn in reference["turns"]} == {"agent", "customer"}
        for turn in reference["turns"]:
            assert turn["text"]
            assert 0 <= turn["start_ms"] < turn["end_ms"] <= end
    formats = Counter(reference["format"] for reference in references.values())
    assert formats["wav_ulaw"] >= 3
    assert formats["mono_mp3"] >= 1
    assert formats["wav_gsm"] >= 1
    assert formats["opus"] + formats["mp3"] > len(references) / 2


def test_every_file_names_only_known_calls_and_people(calls: Any) -> None:
    people = rows("people.csv")
    agents = {row["agent"]: row for row in people if row["agent"]}
    logins = {row["username"]: row for row in people}
    assert len(logins) == len(people)
    assert len(agents) == 24
    assert len({row["team"] for row in agents.values()}) == 4
    for legs in calls.values():
        assert [int(leg["leg"]) for leg in legs] == list(range(1, len(legs) + 1))
        for leg in legs:
            assert not leg["agent"] or agents[leg["agent"]]["site"] == leg["site"]
    assert {row["call_id"] for row in rows("surveys.csv")} <= set(calls)
    for row in rows("complaints.csv"):
        assert row["call_id"] in calls or (row["agent"] in agents and row["date"])
    talked = {
        (leg["call_id"], leg["leg"])
        for legs in calls.values()
        for leg in legs
        if float(leg["talk_s"]) > 0 and leg["robot"] == "no"
    }
    verdicts = rows("verdicts.csv")
    assert {(row["call_id"], row["leg"]) for row in verdicts} == talked
    for row in verdicts:
        leg = calls[row["call_id"]][int(row["leg"]) - 1]
        assert row["reviewer"] != agents[leg["agent"]]["username"]
        assert "reviewer@" in logins[row["reviewer"]]["roles"]
        assert logins[row["reviewer"]]["site"] == leg["site"]


def test_answers_fit_the_scorecards(calls: Any) -> None:
    kinds = set()
    cards = {}
    for name in ("outbound-sales", "service"):
        card = json.loads((SAMPLES / "scorecards" / f"{name}.json").read_text(encoding="utf-8"))
        cards[name] = {c["lineage"]: c for s in card["sections"] for c in s["criteria"]}
        kinds |= {criterion["kind"] for criterion in cards[name].values()}
        assert 10 <= len(cards[name]) <= 14
    assert kinds == {"yes_no", "levels", "points", "choice", "checklist", "text"}
    for row in rows("verdicts.csv"):
        if row["skip"]:
            assert row["answers"] == "{}"
            continue
        direction = calls[row["call_id"]][0]["direction"]
        card = cards["outbound-sales" if direction == "out" else "service"]
        answers = json.loads(row["answers"])
        for lineage, criterion in card.items():
            condition = criterion["condition"]
            is_open = condition is None or answers[condition["criterion"]] in condition["in"]
            assert (lineage in answers) == is_open
            if is_open and criterion["options"] and answers[lineage] != "na":
                given = answers[lineage] if criterion["kind"] == "checklist" else [answers[lineage]]
                assert set(given) <= {option["lineage"] for option in criterion["options"]}


def test_the_intended_reasons_hold(recorded: Any, calls: Any) -> None:
    """Count the strata by SAMPLING.md's defaults, in a few lines of their own."""
    talk = {i: sum(float(leg["talk_s"]) for leg in legs) for i, legs in calls.items()}
    complained = {row["call_id"] for row in rows("complaints.csv") if row["status"] != "not_upheld"}
    answer = {row["call_id"]: row["reply"] for row in rows("surveys.csv") if row["reply"]}
    low = {"dissatisfied", "very dissatisfied", "不满意", "非常不满意", "1", "2"}
    top = {"very satisfied", "非常满意", "5"}
    strata = {}
    for call_id in recorded:
        first = calls[call_id][0]
        peers = [
            (talk[i], float(legs[0]["customer_value"]))
            for i, legs in calls.items()
            if legs[0]["project"] == first["project"]
            and legs[0]["started_at"] >= "2026-10-26"
            and talk[i] > 0
            and legs[0]["robot"] == "no"
        ]
        assert len(peers) >= 100
        logs = [math.log(length) for length, _ in peers]
        middle = statistics.median(logs)
        spread = 1.4826 * statistics.median(abs(x - middle) for x in logs)
        z = (math.log(talk[call_id]) - middle) / spread
        above = sum(value > float(first["customer_value"]) for _, value in peers)
        reasons = (
            ("worst", call_id in complained or answer.get(call_id) in low),
            ("best", answer.get(call_id) in top and first["outcome"] == "success"),
            ("multi_transfer", len(calls[call_id]) - 1 >= 2),
            ("high_value", first["customer_tier"] == "vip" or above < 0.02 * len(peers)),
            ("very_long", z > 3),
            ("very_short", z < -3),
        )
        strata[call_id] = next((name for name, holds in reasons if holds), "ordinary")
    assert strata == {call_id: row["design"] for call_id, row in recorded.items()}
    count = Counter(strata.values())
    assert count.pop("ordinary") >= 10
    assert len(count) == 6
    assert min(count.values()) >= 2


def test_bad_files_are_small_and_really_bad() -> None:
    assert sum(path.stat().st_size for path in BAD.iterdir()) < 64 * 1024
    text = (BAD / "calls_gb18030.csv").read_bytes()
    with pytest.raises(UnicodeDecodeError):
        text.decode("utf-8")
    assert "宽带续约" in text.decode("gb18030")
    assert (BAD / "calls_utf16.csv").read_text(encoding="utf-16").count("\n") == 3
    assert (BAD / "empty.csv").stat().st_size == 0
    assert "talk_s" not in (BAD / "calls_missing_column.csv").read_text(encoding="utf-8")
