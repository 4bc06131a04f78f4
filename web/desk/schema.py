"""The tables of ``collections.db``, as a row of migrations that is only ever added to."""

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from web.desk.earlier_copies import write_copies_of_before

migrations = Migrations("collections")

# How the store refuses to change the number of reviewers.
OPENS_DECISIONS = "decisions of one of two reviewers would be seen by the other"
DECISIONS_SEEN = "decisions that were made already have been seen"

# What a change of a collection is written down for, row by row.
TRACKED = {
    "folders": ("id", "name", "parent", "position"),
    "collections": ("id", "folder", "name", "description", "position", "deleted"),
    "items": (
        *("id", "collection", "record_id", "record_hash", "source", "position", "note"),
        *("added", "added_by"),
    ),
    "tags": ("id", "collection", "name", "position"),
    "item_tags": ("id", "item", "tag"),
    "searches": (
        *("id", "collection", "number", "syntax", "query", "filters", "top"),
        *("name", "note", "created", "created_by", "deleted"),
    ),
    "runs": (
        *("id", "search", "number", "at", "who", "program", "generation", "generation_hash"),
        *("generation_created", "library_records", "model", "model_hash"),
        *("count", "found", "parts", "frozen"),
    ),
    "alerts": ("id", "search", "created", "created_by", "since", "seen", "seen_at", "seen_by"),
    "report_answers": ("id", "collection", "heading", "text"),
    "duplicates": ("id", "item", "main"),
    "distinct_pairs": ("id", "item", "other"),
    "screening_stages": ("id", "collection", "stage", "criteria", "reasons", "reviewers"),
    "screening_words": ("id", "collection", "kind", "word"),
    "filled_abstracts": ("id", "item", "text", "source"),
    "item_numbers": ("id", "item", "name", "value"),
    "intakes": ("id", "collection", "name", "label", "kind", "unlisted", "unread", "at", "who"),
    "copies": ("id", "intake", "place", "record_id", "record_hash"),
    "removals": ("id", "collection", "record_id", "why", "under"),
    "told_decisions": ("id", "intake", "record_id", "verdict", "who", "reason", "stage"),
}


@migrations()
def accounts(db: Database) -> None:
    """Users, their sessions and their tokens."""
    _run(
        db,
        """
        create table users (
            id integer primary key autoincrement,
            name text not null unique collate nocase,
            role text not null check (role in ('reader', 'librarian', 'administrator')),
            password text not null,
            disabled integer not null default 0,
            created text not null
        );
        create table sessions (
            hash text primary key,
            user integer not null references users(id),
            created text not null,
            expires text not null
        );
        create index sessions_user on sessions(user);
        create table tokens (
            id integer primary key autoincrement,
            user integer not null references users(id),
            name text not null,
            hash text not null unique,
            scope text not null check (scope in ('search', 'read', 'write', 'administer')),
            created text not null,
            expires text not null,
            revoked text
        );
    """,
    )


@migrations()
def collections(db: Database) -> None:
    """Collections, and the triggers that write every change of a row into the history."""
    _run(
        db,
        """
        create table folders (
            id integer primary key autoincrement,
            name text not null,
            parent integer references folders(id),
            position real not null
        );
        create table collections (
            id integer primary key autoincrement,
            folder integer references folders(id),
            name text not null,
            description text not null default '',
            position real not null,
            deleted text
        );
        create table records (
            hash text primary key,
            data text not null,
            prepared text
        );
        create table items (
            id integer primary key autoincrement,
            collection integer not null references collections(id),
            record_id text not null,
            record_hash text not null references records(hash),
            source text not null,
            position real not null,
            note text not null default '',
            added text not null,
            added_by text not null,
            unique (collection, record_id)
        );
        create index items_position on items(collection, position, id);
        create table tags (
            id integer primary key autoincrement,
            collection integer not null references collections(id),
            name text not null,
            position real not null,
            unique (collection, name)
        );
        create table item_tags (
            id integer primary key autoincrement,
            item integer not null references items(id),
            tag integer not null references tags(id),
            unique (item, tag)
        );
        create index item_tags_tag on item_tags(tag);
        create table shares (
            id integer primary key autoincrement,
            collection integer not null references collections(id),
            hash text not null unique,
            created text not null,
            created_by text not null,
            revoked text
        );
        create table changes (
            id integer primary key autoincrement,
            collection integer references collections(id),
            at text not null,
            who text not null,
            action text not null,
            detail text not null default '{}'
        );
        create index changes_collection on changes(collection, id);
        create table change_rows (
            id integer primary key autoincrement,
            change integer not null references changes(id),
            tracked text not null,
            row integer not null,
            before text,
            after text
        );
        create index change_rows_change on change_rows(change);
        -- The change under way; without one no tracked row can be written.
        create table current_change (change integer not null);
    """,
    )
    _track(db, "folders", "collections", "items", "tags", "item_tags")


@migrations()
def strategies(db: Database) -> None:
    """The numbered searches of collections, their runs, alerts, answers for the report."""
    _run(
        db,
        """
        create table searches (
            id integer primary key autoincrement,
            collection integer not null references collections(id),
            number integer not null check (number > 0),
            syntax text not null check (syntax in ('exact', 'ranked', 'combination')),
            query text not null,
            filters text not null,
            top integer check ((top is null) = (syntax != 'ranked')),
            name text not null default '',
            note text not null default '',
            created text not null,
            created_by text not null,
            deleted text,
            unique (collection, number)
        );
        -- What searches found, by hash, never changed: runs that found the same share it.
        create table found (
            hash text primary key,
            ids blob not null
        );
        create table runs (
            id integer primary key autoincrement,
            search integer not null references searches(id),
            number integer not null check (number > 0),
            at text not null,
            who text not null,
            program text not null,
            generation integer not null,
            generation_hash text not null,
            generation_created text not null,
            library_records integer not null,
            model text not null,
            model_hash text not null,
            count integer not null,
            found text not null references found(hash),
            parts text not null,
            frozen text not null,
            unique (search, number)
        );
        create table alerts (
            id integer primary key autoincrement,
            search integer not null unique references searches(id),
            created text not null,
            created_by text not null,
            since text not null references found(hash),
            seen text not null references found(hash),
            seen_at text not null,
            seen_by text not null
        );
        create table feeds (
            id integer primary key autoincrement,
            collection integer not null references collections(id),
            -- No reference: a feed is no part of the history that can take its search back.
            search integer not null,
            hash text not null unique,
            created text not null,
            created_by text not null,
            revoked text
        );
        create table report_answers (
            id integer primary key autoincrement,
            collection integer not null references collections(id),
            heading text not null,
            text text not null,
            unique (collection, heading)
        );
        -- Numbers that were given out once, also to what is gone, are found here.
        create index change_rows_numbered on change_rows(change)
            where tracked in ('searches', 'runs');
    """,
    )
    _track(db, "searches", "runs", "alerts", "report_answers")


@migrations()
def duplicates(db: Database) -> None:
    """Records that are handled as one with another, and pairs that were declared not to be."""
    _run(
        db,
        """
        create table duplicates (
            id integer primary key autoincrement,
            item integer not null unique references items(id),
            main integer not null references items(id)
        );
        create index duplicates_main on duplicates(main);
        create table distinct_pairs (
            id integer primary key autoincrement,
            item integer not null references items(id),
            other integer not null references items(id),
            unique (item, other)
        );
        create index distinct_pairs_other on distinct_pairs(other);
    """,
    )
    # Whatever is undone in whatever order: a main record is never itself under another.
    for event in ("insert", "update"):
        db.conn.execute(
            f"create trigger duplicates_flat_{event} before {event} on duplicates "  # noqa: S608
            "when new.item = new.main or exists "
            "(select 1 from duplicates where item = new.main or main = new.item) "
            "begin select raise(abort, 'a main record cannot be under another'); end"
        )
    _track(db, "duplicates", "distinct_pairs")


@migrations()
def screening(db: Database) -> None:
    """What a collection is screened by, and the log of its decisions."""
    _run(
        db,
        """
        create table screening_stages (
            id integer primary key autoincrement,
            collection integer not null references collections(id),
            stage text not null check (stage in ('title-abstract', 'full-text')),
            criteria text not null,
            reasons text not null,
            reviewers integer not null check (reviewers in (1, 2)),
            unique (collection, stage)
        );
        create table screening_words (
            id integer primary key autoincrement,
            collection integer not null references collections(id),
            kind text not null check (kind in ('include', 'exclude')),
            word text not null,
            unique (collection, word)
        );
        create table filled_abstracts (
            id integer primary key autoincrement,
            item integer not null unique references items(id),
            text text not null,
            source text not null
        );
        create table item_numbers (
            id integer primary key autoincrement,
            item integer not null references items(id),
            name text not null,
            value real not null,
            unique (item, name)
        );
        -- By a record's id, not its row: it may be taken out and come back.
        create table screening_decisions (
            id integer primary key autoincrement,
            collection integer not null references collections(id),
            record_id text not null,
            stage text not null check (stage in ('title-abstract', 'full-text')),
            kind text not null check (kind in ('review', 'resolution')),
            who text not null,
            verdict text not null check (verdict in ('include', 'exclude', 'maybe', 'undone')),
            reason text not null default '',
            at text not null
        );
        create index screening_decisions_stage on screening_decisions(collection, stage, id);
    """,
    )
    # A log: what was decided is never changed, only decided anew or taken back by a further row.
    for event in ("update", "delete"):
        db.conn.execute(
            f"create trigger screening_decisions_{event} before {event} on screening_decisions "
            "begin select raise(abort, 'decisions are only ever added'); end"
        )
    _track(db, "screening_stages", "screening_words", "filled_abstracts", "item_numbers")


@migrations()
def independence(db: Database) -> None:
    """Links say whether they show notes (those there are did), and two reviewers stay two: whoever
    made them one could look at the other's decisions, and make them two again."""
    _run(
        db,
        """
        alter table shares add column notes integer not null default 1;
        -- The change under way, while it may let reviewers see one another's decisions.
        create table opening_change (change integer not null);
    """,
    )
    # Decided on by one of two reviewers, who is the only one to know how.
    alone = (
        "exists (select 1 from (select record_id, who, verdict, max(id) from screening_decisions "
        "where collection = old.collection and stage = old.stage and kind = 'review' "
        "group by record_id, who) where verdict != 'undone' "
        "group by record_id having count(*) = 1)"
    )
    may_open = "exists (select 1 from opening_change join current_change using (change))"
    seen = alone.replace("old.", "new.")
    planned = (
        "exists (select 1 from screening_stages "
        "where collection = new.collection and stage = new.stage)"
    )
    for event, when, message in (
        (
            "update",
            f"old.reviewers = 2 and new.reviewers = 1 and {alone} and not {may_open}",
            OPENS_DECISIONS,
        ),
        ("delete", f"old.reviewers = 2 and {alone} and not {may_open}", OPENS_DECISIONS),
        ("update", f"old.reviewers = 1 and new.reviewers = 2 and {seen}", DECISIONS_SEEN),
        ("insert", f"new.reviewers = 2 and {seen} and not {planned}", DECISIONS_SEEN),
    ):
        kind = "opens" if message == OPENS_DECISIONS else "seen"
        db.conn.execute(
            f"create trigger screening_stages_{kind}_{event} before {event} "
            f"on screening_stages when {when} begin select raise(abort, '{message}'); end"
        )


@migrations()
def copies(db: Database) -> None:
    """What each file and search held, copy by copy, and what was taken out and why: a flow diagram
    counts them. What came in before is taken from the history."""
    _run(
        db,
        """
        create table intakes (
            id integer primary key autoincrement,
            collection integer not null references collections(id),
            name text not null,
            label text not null default '',
            kind text not null check (kind in
                ('database', 'register', 'website', 'organisation', 'citation', 'other')),
            unlisted integer not null default 0,
            unread integer not null default 0,
            at text not null,
            who text not null
        );
        create index intakes_collection on intakes(collection);
        create table copies (
            id integer primary key autoincrement,
            intake integer not null references intakes(id),
            place integer not null check (place > 0),
            record_id text not null,
            record_hash text not null references records(hash),
            unique (intake, place)
        );
        create index copies_record on copies(record_id);
        -- By a record's id, as decisions: it is no item any more.
        create table removals (
            id integer primary key autoincrement,
            collection integer not null references collections(id),
            record_id text not null,
            why text not null check (why in ('other', 'automation')),
            under text not null default '',
            unique (collection, record_id)
        );
    """,
    )
    _track(db, "intakes", "copies", "removals")
    for (number,) in db.conn.execute("select id from collections").fetchall():
        write_copies_of_before(db.conn, number)


@migrations()
def told_decisions(db: Database) -> None:
    """Decisions that files told of, and what was done with them."""
    _run(
        db,
        """
        create table told_decisions (
            id integer primary key autoincrement,
            intake integer not null references intakes(id),
            record_id text not null,
            verdict text not null check (verdict in ('include', 'exclude', 'maybe')),
            who text not null,
            reason text not null,
            stage text not null check (stage in ('', 'title-abstract', 'full-text'))
        );
        create index told_decisions_intake on told_decisions(intake);
        -- No reference: what was answered is no part of the history that takes a source back.
        create table told_answers (
            intake integer primary key,
            answer text not null check (answer in ('taken', 'declined'))
        );
    """,
    )
    _track(db, "told_decisions")


@migrations()
def installation(db: Database) -> None:
    """What the installation is called and how it is reached: one row, and one picture."""
    _run(
        db,
        """
        create table settings (
            id integer primary key check (id = 1),
            value text not null,
            changed text not null,
            changed_by text not null
        );
        create table logo (
            id integer primary key check (id = 1),
            content blob not null,
            mimetype text not null,
            hash text not null,
            changed text not null,
            changed_by text not null
        );
    """,
    )


@migrations()
def people(db: Database) -> None:
    """Addresses of mail, links for those who have no password yet or any more, mails on their way,
    and who wants to be told of which alert."""
    _run(
        db,
        """
        alter table users add column mail text not null default '';
        alter table users add column mail_confirmed integer not null default 0;
        -- Of mails; empty: the one in which they are asked for, or Japanese.
        alter table users add column language text not null default '';
        alter table users add column digest text not null default 'weekly';
        alter table users add column digested text not null default '';
        create table account_links (
            id integer primary key autoincrement,
            kind text not null check (kind in ('invitation', 'password', 'mail')),
            hash text not null unique,
            user integer references users(id),
            name text not null default '',
            role text not null default '',
            mail text not null default '',
            mailed integer not null default 0,
            created text not null,
            created_by text not null,
            expires text not null,
            ended text
        );
        create index account_links_user on account_links(user);
        create table mails (
            id integer primary key autoincrement,
            message_id text not null unique,
            kind text not null,
            user integer references users(id),
            recipient text not null,
            -- Gone once it has been handed over: it can hold a link that lets somebody in.
            content blob,
            created text not null,
            due text not null,
            attempts integer not null default 0,
            sent text,
            failed text,
            fault text not null default ''
        );
        create index mails_due on mails(due) where sent is null and failed is null;
        create table alert_readers (
            id integer primary key autoincrement,
            -- No reference: who reads an alert is no part of the history that takes it back.
            search integer not null,
            user integer not null references users(id),
            told text not null references found(hash),
            since text not null,
            unique (search, user)
        );
        create table living_alerts (
            search integer primary key,
            since text not null,
            by text not null
        );
        create table signing_keys (
            id integer primary key check (id = 1),
            key text not null
        );
    """,
    )


def _track(db: Database, *tables: str) -> None:
    """Let every change of a row of these tables be written into the history."""
    for table in tables:
        old, new = (
            f"json_object({', '.join(f'{c!r}, {which}.{c}' for c in TRACKED[table])})"
            for which in ("old", "new")
        )
        for event, row, before, after in (
            ("insert", "new", "null", new),
            ("update", "new", old, new),
            ("delete", "old", old, "null"),
        ):
            db.conn.execute(
                f"create trigger {table}_{event} after {event} on {table} begin "  # noqa: S608
                "insert into change_rows (change, tracked, row, before, after) values "
                f"((select change from current_change), '{table}', {row}.id, {before}, {after});"
                " end"
            )


def _run(db: Database, statements: str) -> None:
    # Not executescript, which would end the migration's transaction.
    for statement in statements.split(";\n"):
        db.conn.execute(statement)
