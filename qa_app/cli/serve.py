"""``hearback serve``: the web application."""

import click

from qa_app.cli.context import refuse, runtime, settings


@click.command(epilog="Example: HEARBACK_PORT=8080 hearback serve")
@click.option("--host", help="The address to listen on; wins over HEARBACK_HOST.")
@click.option("--port", type=click.IntRange(1, 65535), help="Wins over HEARBACK_PORT.")
def command(host: str | None, port: int | None) -> None:
    """Serve the web application until interrupted."""
    import waitress

    from pipelines import jobs
    from qa_app import create_app

    chosen, surroundings = settings(), runtime()
    if not jobs.engine_is_ready(surroundings.engine):
        refuse("The job engine has no tables yet. Run: hearback db upgrade", "schema_behind")
    host, port = host or chosen.host, port or chosen.port
    app = create_app(chosen, surroundings)
    try:
        server = waitress.create_server(
            app,
            host=host,
            port=port,
            threads=chosen.web_threads,
            max_request_body_size=(chosen.upload_max_mb + 1) << 20,
            # Without a proxy in the settings, what claims to come from one is dropped.
            clear_untrusted_proxy_headers=chosen.proxy_count == 0,
            ident="Hearback",
        )
    except OSError as error:
        refuse(f"Cannot listen on {host}:{port}: {error.strerror}.", "address_unusable")
    click.echo(f"Hearback listens on http://{host}:{port}")
    server.run()
