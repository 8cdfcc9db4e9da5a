"""``hearback backup``: a copy of the database and the files, with a manifest of hashes."""

import hashlib
import json
import shutil
import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Engine

from pipelines.runtime import Runtime
from qa_app.cli.context import now, refuse, runtime, settings
from qa_app.settings import CUSTOMER_KEY_FILE

_BLOCK = 1 << 20


@click.command(epilog="Example: hearback backup /srv/backups/2026-11-23")
@click.argument("path", type=click.Path(file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Prints one JSON object.")
def command(path: Path, as_json: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """Copy database and files to PATH, an empty or new folder; safe while people work.

    On PostgreSQL the database is left to pg_dump: the command is printed. The secret key is not
    copied: a restored installation makes a new one, and everybody signs in again.
    """
    surroundings = runtime()
    if path.exists() and any(path.iterdir()):
        refuse(f"{path} is not empty; name a new folder.", "backup_folder_used")
    manifest = back_up(surroundings, path, now())
    if as_json:
        click.echo(json.dumps(manifest["summary"]))
        return
    summary = manifest["summary"]
    click.echo(f"{summary['files']} files, {summary['bytes']} bytes in {path}")
    if summary["database"] == "postgresql":
        url = surroundings.engine.url.render_as_string()
        click.echo(
            f"Now copy the database: pg_dump --format=custom --file={path}/hearback.dump "
            f"'{url.replace('+psycopg', '')}'"
        )


def back_up(surroundings: Runtime, path: Path, at: datetime) -> dict[str, Any]:
    """Write the copy and its manifest; return the manifest.

    The database is copied first: a file that arrives meanwhile is copied without its row, which a
    sweep removes, whereas a row without its file could never be healed.
    """
    path.mkdir(parents=True, exist_ok=True)
    if surroundings.engine.dialect.name == "sqlite":
        _copy_sqlite(surroundings.engine, path / "hearback.db")
    folder = settings().storage_dir
    customer_key = settings().data_dir / CUSTOMER_KEY_FILE
    if customer_key.exists():
        shutil.copy2(customer_key, path / CUSTOMER_KEY_FILE)
    for key in surroundings.storage.keys():  # noqa: SIM118 - a storage is no mapping
        target = path / folder.name / key
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(surroundings.storage.local_path(key), target)
        except FileNotFoundError:
            # Deleted between listing and copying, as retention does: then it is to be gone.
            continue
    files = {
        file.relative_to(path).as_posix(): {"sha256": _sha256(file), "bytes": file.stat().st_size}
        for file in sorted(path.rglob("*"))
        if file.is_file()
    }
    manifest = {
        "summary": {
            "at": at.isoformat(),
            "database": surroundings.engine.dialect.name,
            "files": len(files),
            "bytes": sum(entry["bytes"] for entry in files.values()),
        },
        "files": files,
    }
    (path / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return manifest


def _copy_sqlite(engine: Engine, target: Path) -> None:
    """Copy the live database with SQLite's own online backup."""
    connection = engine.raw_connection()
    try:
        copy = sqlite3.connect(target)
        try:
            connection.driver_connection.backup(copy)
        finally:
            copy.close()
    finally:
        connection.close()


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
