"""What pages of jobs share: the jobs of the application, and a new one begun."""

from typing import Any

from werkzeug.exceptions import NotFound

from web.desk import job_process
from web.desk.jobs import Job, Jobs, Kind
from web.desk.uploads import Uploads
from web.http import services
from web.http.access import identity


def jobs() -> Jobs:
    """The jobs of the application that serves this request, told as they stand.

    Raises:
        NotFound: where the library is not built from here.
    """
    found = services.jobs()
    if found is None:
        raise NotFound
    job_process.attend(found)
    return found


def uploads() -> Uploads:
    """The files that were handed in."""
    return Uploads(jobs().collections_file)


def begin(kind: Kind, **arguments: Any) -> Job:
    """A new job of this request's user; it is begun at once where none other is under way.

    Raises:
        JobError: when too many wait.
    """
    who = identity()
    assert who is not None
    found = jobs()
    job = found.add(kind, who.name, **arguments)
    job_process.attend(found)
    return job
