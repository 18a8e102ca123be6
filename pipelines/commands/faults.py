"""What a person is told of a fault that ends a command: one sentence, and the exit code.

0 published, 2 published with gaps, 3 nothing published, 4 usage or configuration, 5 the home is in
use, 130 interrupted. Does not belong here: the sentence of a fault that was foreseen, which stands
where it came up.
"""

import errno

import typer
from pydantic import ValidationError

from pipelines.settings import (
    INTERRUPTED_QUERY,
    Home,
    Settings,
    UsageError,
    WenduError,
    full_disk_sentence,
    is_full_disk,
    is_out_of_room,
)

INTERRUPTED, STOPPED = 130, "Stopped. Run the same command again to go on."
"""Exit code, which is typer's own, and sentence upon Ctrl-C."""

FAULTS_OF_PLACES = (
    errno.EEXIST, errno.ENOTDIR, errno.ENOENT, errno.EACCES, errno.EPERM, errno.EROFS,
)  # fmt: skip
"""What a folder or file can have against being used, whoever meets it."""


def is_of_the_command_line(fault: Exception) -> bool:
    """Whether a fault is what was typed, or a Ctrl-C: no traceback says more of it."""
    return isinstance(fault, typer.TyperException) or _is_interrupt(fault)


def answer_to(fault: Exception) -> tuple[int, str]:
    """The exit code of a fault, and the sentence that is told of it."""
    if isinstance(fault, WenduError):
        return fault.exit_code, str(fault)
    if _is_interrupt(fault):
        return INTERRUPTED, STOPPED
    if isinstance(fault, typer.TyperException):
        return UsageError.exit_code, getattr(fault, "format_message", fault.__str__)()
    if isinstance(fault, ValidationError) and fault.title.endswith("Settings"):
        return UsageError.exit_code, _sentence_on_settings(fault)
    return _answer_to_unforeseen(fault)


def _is_interrupt(fault: Exception) -> bool:
    return isinstance(fault, typer.Abort) or INTERRUPTED_QUERY in str(fault)


def _answer_to_unforeseen(fault: Exception) -> tuple[int, str]:
    home = Home(Settings().home)
    if is_full_disk(str(fault)) or is_out_of_room(home):
        return WenduError.exit_code, full_disk_sentence(home)
    if isinstance(fault, OSError) and fault.errno in FAULTS_OF_PLACES and fault.filename:
        why = (fault.strerror or type(fault).__name__).lower()
        return UsageError.exit_code, (
            f"{fault.filename} cannot be used ({why}); choose another place, or mend it, and run "
            "again."
        )
    return WenduError.exit_code, (
        f"Something unforeseen happened ({type(fault).__name__}); nothing was published. "
        "Run again with --debug and report what it shows."
    )


def _sentence_on_settings(fault: ValidationError) -> str:
    """Which variable of the environment is wrong and why, never its value."""
    prefix = "WENDU_MAIL_" if fault.title == "MailSettings" else "WENDU_"
    wrong = [
        f"{prefix}{'_'.join(map(str, error['loc'])).upper()} ({error['msg']})"
        for error in fault.errors(include_input=False, include_context=False, include_url=False)
    ]
    return f"Mend in the environment: {'; '.join(wrong)}."
