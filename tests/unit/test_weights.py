import hashlib
from pathlib import Path

import pytest

from pipelines.outcomes import DomainError
from pipelines.runtime import RecogniserSettings
from pipelines.transcription.recognition import weights


def settings(model: str | None = None) -> RecogniserSettings:
    return RecogniserSettings(model, "cpu", "int8", 1)


@pytest.fixture
def halves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Give two small packages in the place of the real ones."""
    contents = {"config.json": b"{}", "tokenizer.json": b"[]", "vocabulary.txt": b"a\n"}
    folders = (tmp_path / "one", tmp_path / "two")
    for folder in folders:
        folder.mkdir()
    for name, content in contents.items():
        (folders[0] / name).write_bytes(content)
    (folders[0] / "model.bin.part1").write_bytes(b"first ")
    (folders[1] / "model.bin.part2").write_bytes(b"second")
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    sums["model.bin"] = hashlib.sha256(b"first second").hexdigest()
    monkeypatch.setattr(weights, "SHA256", sums)
    monkeypatch.setattr(weights, "_installed_halves", lambda: folders)
    return folders


def test_the_halves_are_joined_once(tmp_path: Path, halves: tuple[Path, Path]) -> None:
    found = weights.find(settings(), tmp_path / "data")
    folder = Path(found.source)
    assert (folder / "model.bin").read_bytes() == b"first second"
    assert found.sha256 == weights.SHA256["model.bin"]
    assert sorted(path.name for path in folder.parent.iterdir()) == [weights.NAME]
    for half in halves:
        (half / "model.bin.part1").unlink(missing_ok=True)
    assert weights.find(settings(), tmp_path / "data") == found


def test_damaged_halves_are_refused_and_leave_nothing(
    tmp_path: Path, halves: tuple[Path, Path]
) -> None:
    (halves[1] / "model.bin.part2").write_bytes(b"sEcond")
    with pytest.raises(DomainError) as caught:
        weights.find(settings(), tmp_path / "data")
    assert (caught.value.code, caught.value.params) == ("weights_damaged", {"file": "model.bin"})
    assert list((tmp_path / "data" / "models").iterdir()) == []


def test_a_named_folder_wins(tmp_path: Path, halves: tuple[Path, Path]) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "config.json").touch()
    with pytest.raises(DomainError) as caught:
        weights.find(settings(str(mine)), tmp_path / "data")
    assert caught.value.code == "weights_incomplete"
    (mine / "model.bin").write_bytes(b"own")
    found = weights.find(settings(str(mine)), tmp_path / "data")
    assert found == weights.Weights(str(mine), "mine", hashlib.sha256(b"own").hexdigest())


@pytest.mark.parametrize("name", ["base", "large-v3", "owner/model-1.0"])
def test_a_name_is_left_to_the_recogniser(tmp_path: Path, name: str) -> None:
    assert weights.find(settings(name), tmp_path) == weights.Weights(name, name, None)


@pytest.mark.parametrize(
    "path", ["/no/such/folder", "./no-such-folder", "~/no-such-folder", "a/b/c"]
)
def test_a_folder_that_is_not_there_is_no_name(tmp_path: Path, path: str) -> None:
    with pytest.raises(DomainError) as caught:
        weights.find(settings(path), tmp_path)
    assert caught.value.code == "weights_missing"


def test_without_any_the_error_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "PACKAGES", ("hearback_no_such_half", "hearback_nor_this"))
    with pytest.raises(DomainError) as caught:
        weights.find(settings(), tmp_path)
    assert caught.value.code == "weights_missing"


def test_calls_that_begin_at_once_share_one_model(monkeypatch: pytest.MonkeyPatch) -> None:
    import time
    from concurrent.futures import ThreadPoolExecutor

    from pipelines.runtime import RecogniserSettings
    from pipelines.transcription.recognition import recogniser

    loaded: list[object] = []

    def load(*_given: object) -> object:
        time.sleep(0.05)
        loaded.append(object())
        return loaded[-1]

    monkeypatch.setattr(recogniser, "Whisper", load)
    monkeypatch.setattr(recogniser.weights, "find", lambda *_given: None)
    recogniser._loaded.cache_clear()
    settings = RecogniserSettings(None, "cpu", "int8", 1)
    with ThreadPoolExecutor(4) as calls:
        found = list(calls.map(lambda _n: recogniser.of(settings, Path()), range(4)))
    recogniser._loaded.cache_clear()
    assert found == [loaded[0]] * 4
    assert len(loaded) == 1
