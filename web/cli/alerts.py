"""The command that lets collections grow by what their alerts find, and sends mails."""

from pathlib import Path

import click

from search.library.manifest import LibraryError
from search.ranked.engine import QueryError
from web.cli.options import Group, collections_option, library_option, model_option, opened, who
from web.cli.strategies import library_search
from web.cli.terminal import visible
from web.desk import alerts as kept
from web.desk.alert_mails import digest_for, due_readers, write_digest
from web.desk.alerts import Alert, News
from web.desk.history import CollectionError
from web.desk.living import grow, living
from web.desk.outbox import Delivery, deliver, mails, try_again
from web.desk.settings import settings
from web.desk.shelf import Collection
from web.desk.store import Store
from web.desk.strategy_answers import LibrarySearch
from web.desk.unsubscribing import unsubscribe_token
from web.http.language import LANGUAGES, in_language
from web.reports.alert_letters import alert_letter


@click.group(cls=Group)
def alerts() -> None:
    """Act on the alerts (アラート) of collections: mails, and collections that grow.

    To look at alerts on the command line: jmedsearch collection alerts.
    """


@alerts.command("send")
@library_option
@model_option
@collections_option
@click.pass_context
def send(
    context: click.Context, library: Path, model: str | None, collections_file: Path | None
) -> None:
    """Add new records to living collections, write mails to readers, and hand mails over; for cron.

    Needs no server. Whoever follows an alert gets at most one mail a day or a week, as they wish,
    in their language, of what they have not been told. A run that is killed is made up for by the
    next one: nothing is added, written or told twice. What a mail server does not take is tried
    again, six times in one and a half days. Ends with 1 where a search could not be run or a mail
    was given up.
    """
    store = opened(collections_file).store
    found = _Found(store, library_search(library, model))
    found.grow()
    wanted = settings(store)
    if wanted.sends_mail:
        found.write()
    elif due_readers(store):
        click.echo("mail is not set up: see jmedsearch settings apply", err=True)
    done = deliver(store)
    if done != Delivery():
        click.echo(
            f"mails: {done.sent} handed over, {done.later} tried again later, "
            f"{done.failed} given up"
        )
    if done.failed or found.faults:
        context.exit(1)


@alerts.command("mails")
@click.option("--retry", type=int, metavar="NUMBER", help="Hand this one over after all.")
@collections_option
def list_mails(retry: int | None, collections_file: Path | None) -> None:
    """List the latest mails of the installation, and what became of each."""
    store = opened(collections_file).store
    if retry is not None:
        try_again(store, retry)
        return
    for one in mails(store):
        state = (
            f"handed over {one.sent}"
            if one.sent
            else f"given up {one.failed}: {one.fault}"
            if one.failed
            else f"waits: {one.fault}"
            if one.fault
            else "waits"
        )
        click.echo(visible(f"{one.id}  {one.kind}  {one.recipient}  {one.created}  {state}"))


class _Found:
    """What alerts find, asked once each; ``faults`` counts the searches that cannot be run."""

    def __init__(self, store: Store, library: LibrarySearch) -> None:
        self._store = store
        self._library = library
        self._told: dict[int, News] = {}
        self.faults = 0

    def news(self, of: Collection, one: Alert) -> News:
        """What an alert has to tell; nothing where its search cannot be run, which is said."""
        if one.id not in self._told:
            try:
                told = kept.news(self._store, of.id, one, self._library)
                why: Exception | None = told.fault
            except (LibraryError, QueryError) as error:
                told, why = News(one), error
            if why is not None:
                self.faults += 1
                click.echo(
                    visible(f"{one.search.mark} of collection {of.id} cannot be run: {why}"),
                    err=True,
                )
            self._told[one.id] = told
        return self._told[one.id]

    def grow(self) -> None:
        """Let living collections take in what their alerts have to tell."""
        growing = living(self._store)
        for of, one in kept.all_alerts(self._store):
            if one.search.id not in growing:
                continue
            told, generation = self.news(of, one), self._library.exact.library.generation()
            try:
                added = grow(self._store, who(), of.id, told, generation)
            except CollectionError as error:
                # Somebody has changed it meanwhile: the next run takes it up.
                click.echo(visible(f"collection {of.id}: {error}"), err=True)
                continue
            if added:
                click.echo(visible(f"{of.name} {one.search.mark}: {added} records added"))

    def write(self) -> None:
        """Write the mails that are due."""
        wanted = settings(self._store)
        for user in due_readers(self._store):
            generation = self._library.exact.library.generation()
            digest = digest_for(self._store, user, self.news, generation)
            language = user.language if user.language in LANGUAGES else LANGUAGES[0]
            address = f"{wanted.address}/unsubscribe/{unsubscribe_token(self._store, user)}"
            with in_language(language):
                write_digest(
                    self._store,
                    wanted,
                    digest,
                    lambda said, end=address: alert_letter(wanted, said, end),  # type: ignore[misc]
                    language,
                )


commands = (alerts,)
