"""``python -m qa_app.cli``: the ``hearback`` command, for children that it starts itself."""

from qa_app.cli import main

main()
