"""Writes docs/permissions.md from the permission table, or says with `--check` whether it is stale."""

import sys
from pathlib import Path

from shinsatsu.domain.permission_table import (
    NEEDS_ADMISSION,
    NEEDS_OPEN_SESSION,
    OUTSIDE_A_CONSULTATION,
    SPEC_ACTIONS,
    TABLE,
    Column,
)
from shinsatsu.domain.roles import Action
from shinsatsu.domain.scopes import NOT_BY_GRANT, SCOPE_FOR, KeyScope

FILE = Path(__file__).parents[1] / "docs" / "permissions.md"
HEAD = """# Who may do what

Made from the table in `src/shinsatsu/domain/policy.py` by `tools/permissions_doc.py`; `make check` fails when it is
stale. No other module decides by role: the API, the media plane, the event stream and the page all ask
`decide(actor, action, context)`.

"""
LEGEND = """
- **yes**, **–** (no)
- **consent**: once the patient has agreed to being recorded
- **further left**: aimed at people of a column further left only
- **anybody else**: aimed at anybody but oneself and the system
- **patients, guests**: for patients and guests of the session only
- **people of the booking**: for people of the booking, operators and admins
- **own, by setting**: one's own, where the clinic's setting says so
- under **system**, in brackets: the scope that an API key needs; a scope that is not named here gives nothing
- **workers: a login**: a worker's grant, from a link or for entering a call, does not do (`grant_may_not`)

Whoever has no relation to the appointment is a stranger and is told that there is nothing (404). A blocked account
and somebody who was removed may do nothing; staff who were sent back run the session no more until they are let in;
nobody lets themselves in. Switching screen sharing off for patients and guests is `mute_others` (then their
`share_screen` is refused with `screen_share_off`). A locked session lets nobody new in but the doctor in charge, and
the booked patient to wait (`locked`).
"""
CELLS = {
    "y": "yes",
    "-": "–",
    "c": "consent",
    "<": "further left",
    "*": "anybody else",
    "p": "patients, guests",
    "b": "people of the booking",
    "o": "own, by setting",
}


def document() -> str:
    """The whole page."""
    columns = [column for column in Column if column is not Column.SYSTEM]
    names = [column.value.replace("_", " ") for column in columns]
    lines = [f"| action | {' | '.join(names)} | system | needs |", "|---" * (len(columns) + 3) + "|"]
    others = [action for action in TABLE if action not in SPEC_ACTIONS and action not in OUTSIDE_A_CONSULTATION]
    for action in (*SPEC_ACTIONS, *others, *sorted(OUTSIDE_A_CONSULTATION)):
        cells = [*(CELLS[TABLE[action][column]] for column in columns), _system(action)]
        lines.append(f"| `{action.value}` | {' | '.join(cells)} | {_needs(action)} |")
    return HEAD + "\n".join(lines) + "\n" + LEGEND


def _system(action: Action) -> str:
    cell = CELLS[TABLE[action][Column.SYSTEM]]
    scope = SCOPE_FOR.get(action)
    if scope is None:
        return cell
    return f"{cell} (`{scope}`)" + (f"; workers (`{KeyScope.WORKER_LINKS}`)" if scope is KeyScope.LINKS else "")


def _needs(action: Action) -> str:
    if action in NOT_BY_GRANT and TABLE[action][Column.ADMIN] != "-":
        return "workers: a login"
    if action in NEEDS_ADMISSION:
        return "an open session, being admitted"
    return "an open session" if action in NEEDS_OPEN_SESSION else ""


def main() -> int:
    """Writes the page, or compares it."""
    if "--check" not in sys.argv[1:]:
        FILE.write_text(document())
        return 0
    if FILE.is_file() and FILE.read_text() == document():
        return 0
    sys.stderr.write("docs/permissions.md is stale: run `make docs`\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
