"""What the verbs share: options, one-line errors with exit code 2, and the line to the controller."""

from __future__ import annotations

import contextlib
import getpass
import http.client
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fleetfoot.face.files import write_text

if TYPE_CHECKING:
    from fleetfoot.spec import Spec

F = TypeVar("F", bound=Callable[..., Any])

FOLDER = ".fleetfoot"
LANGUAGES = ("en", "ko", "ja")


class Told(click.ClickException):
    """An error for the user: one line (or a few), no traceback."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        click.echo(f"fleetfoot: {self.message}", file=file, err=file is None)


class Mistakes(Told):
    """What is wrong with the file: lines that begin with file:line:column, as editors read them."""

    def show(self, file: Any = None) -> None:
        click.echo(self.message, file=file, err=file is None)


def file_option(command: F) -> F:
    return click.option(
        "-f", "--file", "file", type=click.Path(path_type=Path), default=Path("fleetfoot.yaml"), show_default=True,
        help="The file that describes the services.",
    )(command)  # fmt: skip


def state_option(command: F) -> F:
    return click.option(
        "--state",
        type=click.Path(path_type=Path),
        help="The state folder. Default: as the file says, or .fleetfoot beside it.",
    )(command)


def json_option(command: F) -> F:
    return click.option("--json", "as_json", is_flag=True, help="For programs: one JSON value.")(command)


def lang_option(command: F) -> F:
    return click.option(
        "--lang", type=click.Choice(LANGUAGES), default="en", show_default=True, help="The language of the sentences."
    )(command)


def load_spec(file: Path) -> Spec:
    """The file as a spec; every error of it at once, told to the user."""
    from fleetfoot.spec import SpecErrors, load

    try:
        return load(file)
    except SpecErrors as errors:
        raise Mistakes(str(errors)) from errors
    except OSError as failure:
        hint = "; fleetfoot init writes one" if isinstance(failure, FileNotFoundError) else ""
        raise Told(f"{file} cannot be read: {failure.strerror}{hint}") from failure


def state_folder(file: Path, state: Path | None) -> Path:
    """Where the journal and the sockets are. Reads the file only when it must."""
    if state is not None:
        return state.absolute()
    beside = file.absolute().parent / FOLDER
    if not file.exists():
        if beside.is_dir():
            return beside
        raise Told(f"there is no {file} here: give it with --file, or the state folder with --state")
    return state_of(load_spec(file), file)


def state_of(spec: Spec, file: Path) -> Path:
    """The spec's state folder, relative to its file."""
    return file.absolute().parent / Path(spec.state or FOLDER).expanduser()


class _Line(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=5)
        self._path = path

    def connect(self) -> None:
        from fleetfoot.fleet import paths

        self.sock = paths.connect(self._path, self.timeout)


def ask(state: Path, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """One request to the running controller. Raises Told when there is none, or when it refuses."""
    line = _Line(state / "control.sock")
    nobody = f"no controller answers in {state}: is `fleetfoot up` or `fleetfoot control` running?"
    try:
        with contextlib.closing(line):
            line.request(method, path, None if body is None else json.dumps(body))
            answer = json.loads(line.getresponse().read())
    except (FileNotFoundError, ConnectionRefusedError) as failure:
        raise Told(nobody) from failure
    except (OSError, ValueError, http.client.HTTPException) as failure:
        raise Told(f"{nobody} ({failure})") from failure
    if not isinstance(answer, dict):
        raise Told(f"the controller gave an answer that is not understood: {answer!r:.100}")
    if answer.get("ok") is False:
        raise Told(str(answer.get("error", "refused")))
    return answer


def answers(state: Path) -> bool:
    """Whether a controller runs there; a socket that a killed one left behind is none."""
    try:
        ask(state, "GET", "/api/v1/status")
    except Told:
        return False
    return True


@contextlib.contextmanager
def journal(state: Path) -> Iterator[Any]:
    """The journal, open for reading."""
    from fleetfoot.edge.journal.read import CannotRead, Reader

    try:
        reader = Reader(state / "journal.db")
    except CannotRead as failure:
        raise Told(str(failure)) from failure
    with reader:
        yield reader


def known(reader: Any, service: str) -> None:
    """Raises Told when the journal tells of no such service."""
    there = reader.services()
    if service not in there:
        raise Told(f"the journal tells of no service {service!r}: there are {', '.join(there) or 'none yet'}")


def write(path: Path, text: str, force: bool) -> None:
    """A file that is new, or may be written over: whole, or as it was. Raises Told."""
    if path.is_file() and not force:
        raise Told(f"{path} is there already: --force writes over it, or name another")
    try:
        write_text(text, path)
    except OSError as failure:
        raise Told(f"{path} cannot be written: {failure.strerror}") from failure


def put(value: Any) -> None:
    """A value for programs."""
    click.echo(json.dumps(value, ensure_ascii=False))


def whoami(who: str | None) -> str:
    """Who orders: as given, or the login name."""
    if who:
        return who
    with contextlib.suppress(OSError, KeyError, ImportError):
        return getpass.getuser()
    return "someone"


def instant_of(text: str, service: Any) -> int:
    """ms of a time as a person writes it, in the zone of the service's schedule. Raises Told."""
    from fleetfoot.face.schedules import instant

    try:
        return instant(text, service)
    except ValueError:
        raise Told(f"{text!r} is no time: write 2024-11-29T08:00, or with an offset 2024-11-29T08:00+09:00") from None
