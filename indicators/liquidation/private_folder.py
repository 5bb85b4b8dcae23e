"""A folder in which nobody else can put anything: what is read from there may be run."""

import grp
import os
import pwd
import stat
from pathlib import Path


def private_folder(folder: Path) -> Path | None:
    """Return the true path of a folder, made where it is not there, or None if others could write to it or it cannot be made.

    Parameters
    ----------
    folder
        It, and what it lies in, must be its user's or the system's, and writable by no one else. Where names are kept
        from others, as in ``/tmp``, a folder of the user's own may lie.
    """
    try:
        true = folder.resolve()
        for place in [*true.parents[-2::-1], true]:
            if not place.exists():
                place.mkdir(mode=0o700)
            status = place.stat()
            names_are_kept = place != true and bool(status.st_mode & stat.S_ISVTX)
            if status.st_uid not in (os.geteuid(), 0) or (_written_by_others(status) and not names_are_kept):
                return None
        return true if os.access(true, os.W_OK | os.X_OK) else None
    except (OSError, RuntimeError):  # refused by the system; links in a circle
        return None


def _written_by_others(status: os.stat_result) -> bool:
    shared = bool(status.st_mode & stat.S_IWGRP) and not _is_users_own(status.st_gid)
    return shared or bool(status.st_mode & stat.S_IWOTH)


def _is_users_own(group: int) -> bool:
    """Return whether a group is the one of the user's own name, which many systems give to each user and let write by default."""
    try:
        name, members = pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(group)
    except KeyError:
        return False
    return members.gr_name == name and set(members.gr_mem) <= {name}
